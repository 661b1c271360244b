// Whole sessions by the dice: bytes of both peers, timers, attempts and a data plane, in any order that can happen, through the
// readers and the session core. The seed is fixed; `npm run fuzz` goes on from there.
import fc from "fast-check";
import { test } from "vitest";
import { checkHostile, checkOrderly } from "./checks.ts";
import { readCorpus } from "./corpus.ts";
import { cuts, hostileScenario, orderlyScenario } from "./scenario.ts";

const seed = 20_260_901;

test("whatever both peers send and whatever happens, a session keeps its bounds and ends by itself", () => {
  fc.assert(
    fc.property(hostileScenario, cuts, (scenario, places) => checkHostile(scenario, places)),
    { seed, numRuns: 400 },
  );
}, 60_000);

test("with a server that answers in its turn, each command has one final reply, and the session is in step after it", () => {
  fc.assert(
    fc.property(orderlyScenario, cuts, (scenario, places) => checkOrderly(scenario, places)),
    { seed, numRuns: 400 },
  );
}, 60_000);

test("every session of the corpus keeps the rules that its kind is asked for", async () => {
  for (const scenario of await readCorpus("hostile")) checkHostile(scenario, [1]);
  for (const scenario of await readCorpus("orderly")) checkOrderly(scenario, [1]);
});
