// Held counts: what a process tells the others of its sessions.
import fc from "fast-check";
import { expect, test } from "vitest";
import { createHeldCounts } from "../../../src/process/shared/held-counts.ts";

test("clients are counted, together and each, and one without sessions is forgotten", () => {
  const held = createHeldCounts();
  for (const client of ["a", "b", "a"]) held.add(client);
  expect([held.sessions(), held.sessionsOf("a"), held.sessionsOf("b")]).toEqual([3, 2, 1]);
  held.remove("b");
  expect([held.sessions(), held.sessionsOf("b")]).toEqual([2, 0]);
  expect(held.takeAll()).toEqual(["a"]);
});

test("what is old is taken once, and nothing is once everybody is told", () => {
  const held = createHeldCounts();
  for (const client of ["a", "b"]) held.add(client);
  for (const client of ["a", "gone", "a"]) held.outdated(client);
  expect(held.takeOutdated()).toEqual(["a", "gone"]);
  expect(held.takeOutdated()).toEqual([]);
  held.outdated("b");
  expect(held.takeAll()).toEqual(["a", "b"]);
  expect(held.takeOutdated()).toEqual([]);
});

test("everybody's turn comes, however many come and go between", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 7 }), (count, most) => {
      const held = createHeldCounts();
      const names = Array.from({ length: count }, (_, at) => `client ${at}`);
      for (const name of names) held.add(name);
      const seen = new Set<string>();
      for (let round = 0; round <= (2 * count) / most + 2; round++) {
        held.add(`other ${round}`);
        const taken = held.nextClients(most);
        expect(taken.length).toBeLessThanOrEqual(most);
        for (const name of taken) seen.add(name);
        held.remove(`other ${round}`);
      }
      expect(names.filter((name) => !seen.has(name))).toEqual([]);
    }),
  );
  expect(createHeldCounts().nextClients(5)).toEqual([]);
});

test("a server is told of when it is new and when its sessions change", () => {
  const held = createHeldCounts();
  expect([held.want("a"), held.want("a")]).toEqual([true, false]);
  held.setServer("b", 2);
  expect(held.takeServers()).toEqual(["a", "b"]);
  expect(held.takeServers()).toEqual([]);
  held.setServer("b", 1);
  expect(held.takeServers()).toEqual(["b"]);
  expect([held.servers(), held.serverSessions("b"), held.serverSessions("c")]).toEqual([["a", "b"], 1, 0]);
});
