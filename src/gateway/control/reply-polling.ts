// Staying awake for an answer. Once a line has been passed on, the next one of that dialogue often comes within some tens of
// microseconds, and a process that sleeps by then is woken at a cost of that order: more than all that the gateway does with
// a line, and most of all on virtual machines, where another processor has to be started for it. So the event loop goes
// on polling for a moment. Only where this pays: it is learned from what came of it before, and in a gateway where many
// dialogues go on at once somebody always wakes it anyway.
import { performance } from "node:perf_hooks";

export type Wakefulness = {
  /** A line of this dialogue has been passed on, and nothing else is to be done for it. */
  expect(dialogue: object): void;
  /** Something of this dialogue has come. */
  heard(dialogue: object): void;
};

/** How long an answer is worth waiting for; it is lost where none comes. */
const patienceMs = 0.15;
/** An answer earns a turn of waiting, a vain one takes it; without any left, one line in so many is tried. */
const mostTurns = 16;
const triedOneIn = 16;

/** `poll` lets the event loop look at its sockets without sleeping, then calls back. `now`: monotonic milliseconds. */
export function createWakefulness(
  poll: (then: () => void) => void = setImmediate,
  now: () => number = () => performance.now(),
): Wakefulness {
  let turns = mostTurns;
  let untried = 0;
  let isPolling = false;
  let awaited: object | undefined;
  let until = 0;

  function look(): void {
    if (awaited !== undefined && now() < until) return poll(look);
    isPolling = false;
    if (awaited === undefined) return;
    awaited = undefined;
    turns = Math.max(0, turns - 1);
  }

  return {
    expect(dialogue) {
      if (turns === 0) {
        untried = (untried + 1) % triedOneIn;
        if (untried !== 0) return;
      }
      awaited = dialogue;
      until = now() + patienceMs;
      if (isPolling) return;
      isPolling = true;
      poll(look);
    },
    heard(dialogue) {
      if (awaited === undefined) return;
      turns = dialogue === awaited ? Math.min(mostTurns, turns + 1) : Math.max(0, turns - 1);
      awaited = undefined;
    },
  };
}
