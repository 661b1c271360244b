// Corpus of fuzz tests: scenarios worth playing again, one a line, in JSON. `hostile.jsonl` holds sessions of any two peers,
// `orderly.jsonl` sessions with a server that keeps to the order.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { applyEdits, edits } from "./mutations.ts";
import { hostileMove, orderlyMove, type Move, type Scenario } from "./scenario.ts";

export const families = ["hostile", "orderly"] as const;
export type ScenarioFamily = (typeof families)[number];

const fileOf = (family: ScenarioFamily): string => path.join(import.meta.dirname, "corpus", `${family}.jsonl`);

export async function readCorpus(family: ScenarioFamily): Promise<readonly Scenario[]> {
  const text = await readFile(fileOf(family), "utf8");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Scenario]));
}

export async function writeCorpus(family: ScenarioFamily, scenarios: readonly Scenario[]): Promise<void> {
  await writeFile(fileOf(family), scenarios.map((scenario) => `${JSON.stringify(scenario)}\n`).join(""));
}

/** Found while fuzzing: a scenario, and the transitions that it shows. */
export type Found = { readonly scenario: Scenario; readonly transitions: ReadonlySet<string> };

/** Few scenarios that show as much as they can: each adds more for its length than any that is left out. */
export function mostTelling(found: readonly Found[], count: number): readonly Scenario[] {
  const shown = new Set<string>();
  const rest = new Map(found.map((one) => [one, JSON.stringify(one.scenario).length + 1000]));
  const chosen: Scenario[] = [];
  while (chosen.length < count) {
    let best: Found | undefined;
    let most = 0;
    for (const [one, length] of rest) {
      const gained = [...one.transitions].filter((transition) => !shown.has(transition)).length / length;
      if (gained > most) [best, most] = [one, gained];
    }
    if (best === undefined) break;
    for (const transition of best.transitions) shown.add(transition);
    rest.delete(best);
    chosen.push(best.scenario);
  }
  return chosen;
}

const maxMoves = 60;

/** Variants of `scenarios`: the beginning of one and the end of another, with moves between them, and bytes that are spoiled. */
export function variantsOf(family: ScenarioFamily, scenarios: readonly Scenario[]): fc.Arbitrary<Scenario> {
  const one = fc.constantFrom(...scenarios);
  const place = fc.nat({ max: 40 });
  const added = fc.array(family === "hostile" ? hostileMove : orderlyMove, { maxLength: 6 });
  const spoiling = fc.option(fc.tuple(place, edits), { freq: 2 });
  return fc.tuple(one, one, place, place, added, spoiling).map(([first, second, until, from, between, spoilt]) => {
    const { setup, moves } = first;
    const joined = [...moves.slice(0, until % (moves.length + 1)), ...between, ...second.moves.slice(from)];
    const varied = family === "hostile" && spoilt !== null ? spoil(joined, ...spoilt) : joined;
    return { setup, moves: varied.slice(0, maxMoves) };
  });
}

function spoil(moves: readonly Move[], place: number, changes: Parameters<typeof applyEdits>[1]): readonly Move[] {
  return moves.map((move, at) =>
    "bytes" in move && at === place % moves.length ? { ...move, bytes: applyEdits(move.bytes, changes) } : move,
  );
}
