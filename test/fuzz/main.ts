// `npm run fuzz [-- --minutes N] [--seed N] [--keep]`: whole sessions by the dice for as long as wanted, guided by the transitions
// of the session core: scenarios that show a new one are varied further. Ends with status 1 at the first session that breaks a
// rule, with its shortest form. `--keep` writes the most telling scenarios to the corpus.
import { parseArgs } from "node:util";
import fc from "fast-check";
import { checkHostile, checkOrderly } from "./checks.ts";
import {
  families,
  mostTelling,
  readCorpus,
  variantsOf,
  writeCorpus,
  type Found,
  type ScenarioFamily,
} from "./corpus.ts";
import type { Step } from "./playing.ts";
import { cuts, hostileScenario, orderlyScenario, type Scenario } from "./scenario.ts";
import { shortest } from "./shortest.ts";
import { transitionOf } from "./transitions.ts";

const checks = { hostile: checkHostile, orderly: checkOrderly } as const;
const fresh = { hostile: hostileScenario, orderly: orderlyScenario } as const;
const batch = 200;
const corpusSize = 40;

type Fuzzing = {
  readonly family: ScenarioFamily;
  readonly seen: Set<string>;
  readonly found: Found[];
  played: number;
};

/** Plays one scenario, and keeps it if it showed something new. */
function play(fuzzing: Fuzzing, scenario: Scenario, places: readonly number[]): void {
  const transitions = new Set<string>();
  checks[fuzzing.family](scenario, places, (step: Step) => transitions.add(transitionOf(step)));
  fuzzing.played += 1;
  const isNew = [...transitions].some((one) => !fuzzing.seen.has(one));
  if (!isNew) return;
  for (const one of transitions) fuzzing.seen.add(one);
  fuzzing.found.push({ scenario, transitions });
}

function explain(family: ScenarioFamily, scenario: Scenario, places: readonly number[]): string {
  const failure = (some: Scenario): string | undefined => {
    try {
      checks[family](some, places);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  const kind = (text: string | undefined): string | undefined => text?.split("\n", 1)[0]?.replaceAll(/\d+/g, "N");
  const wanted = kind(failure(scenario));
  const least = shortest(scenario, (some) => kind(failure(some)) === wanted);
  return failure(least) ?? "it fails no more";
}

/** One batch of new scenarios, or of variants of what was found. */
function playBatch(fuzzing: Fuzzing, seed: number): string | undefined {
  const { family, found } = fuzzing;
  const recent = found.slice(-2000).map(({ scenario }) => scenario);
  const isVaried = recent.length > 0 && seed % 3 !== 0;
  const source = isVaried ? variantsOf(family, recent) : fresh[family];
  return playAll(fuzzing, fc.sample(fc.tuple(source, cuts), { seed, numRuns: batch }));
}

type Planned = readonly [Scenario, readonly number[]];

/** The first failure, explained; undefined if all is well. */
function playAll(fuzzing: Fuzzing, planned: readonly Planned[]): string | undefined {
  for (const [scenario, places] of planned) {
    try {
      play(fuzzing, scenario, places);
    } catch {
      return explain(fuzzing.family, scenario, places);
    }
  }
  return undefined;
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: "string", default: "1" },
      seed: { type: "string" },
      keep: { type: "boolean", default: false },
    },
  });
  const end = performance.now() + Number(values.minutes) * 60_000;
  let seed = Number(values.seed ?? Date.now() % 2 ** 31);
  process.stdout.write(`seed ${seed}, ${values.minutes} minutes\n`);
  const all = families.map((family): Fuzzing => ({ family, seen: new Set(), found: [], played: 0 }));
  const failed = ({ family }: Fuzzing, failure: string): number => {
    process.stdout.write(`${family}, seed ${seed}: ${failure}\n`);
    return 1;
  };
  for (const fuzzing of all) {
    const corpus = await readCorpus(fuzzing.family);
    const failure = playAll(
      fuzzing,
      corpus.map((scenario): Planned => [scenario, [1]]),
    );
    if (failure !== undefined) return failed(fuzzing, failure);
  }
  for (; performance.now() < end; seed += 1) {
    for (const fuzzing of all) {
      const failure = playBatch(fuzzing, seed);
      if (failure !== undefined) return failed(fuzzing, failure);
    }
  }
  for (const { family, seen, found, played } of all) {
    process.stdout.write(`${family}: ${played} sessions, ${seen.size} transitions shown by ${found.length} of them\n`);
    if (values.keep) await writeCorpus(family, mostTelling(found, corpusSize));
  }
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
