// Shortest scenario that still fails: moves and bytes are left out as long as it does.
import type { Move, Scenario } from "./scenario.ts";

/** `fails` is asked again and again. */
export function shortest(scenario: Scenario, fails: (scenario: Scenario) => boolean): Scenario {
  let best = scenario;
  for (let shorter: Scenario | undefined = best; shorter !== undefined;) {
    best = shorter;
    shorter = shorterOnes(best).find(fails);
  }
  return best;
}

function shorterOnes({ setup, moves }: Scenario): readonly Scenario[] {
  const halves = [moves.slice(0, moves.length / 2), moves.slice(moves.length / 2)].filter(
    (some) => some.length < moves.length,
  );
  const without = moves.map((_, at) => moves.toSpliced(at, 1));
  const cut = moves.flatMap((move, at) => shorterMoves(move).map((other) => moves.with(at, other)));
  return [...halves, ...without, ...cut].map((some) => ({ setup, moves: some }));
}

/** Of what is said, lines are left out; of what is picked, the number becomes small. */
function shorterMoves(move: Move): readonly Move[] {
  if ("pick" in move) return move.pick > 20 ? [{ ...move, pick: move.pick % 21 }] : [];
  if (!("bytes" in move)) return [];
  const lines = move.bytes.split(/(?<=\n)/);
  if (lines.length < 2) return [];
  return lines.map((_, at) => ({ ...move, bytes: lines.toSpliced(at, 1).join("") }));
}
