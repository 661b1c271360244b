// What is told of drop policies; that the kernel tells of them is shown in lab/faults-firewall.test.ts.
import { expect, test } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import { lookInTurn, reviewDrops, watchDropPolicies } from "../../../src/dataplane/kernel/drop-policies.ts";
import { marks } from "./nat-play.ts";

function review(told: readonly string[]) {
  const said: string[] = [];
  const look = reviewDrops(
    told,
    (level, text) => said.push(`${level} ${text}`),
    (drops) => said.push(`changed ${drops.join(", ")}`),
  );
  return (...drops: string[]) => {
    look(drops);
    return said.splice(0);
  };
}

test("a kernel that does not tell of others' changes is a warning", () => {
  const notes: string[] = [];
  const settings = { table: "ftp_alg", marks, yieldsToDropPolicy: false, drops: [] };
  const note = (level: string, text: string) => notes.push(`${level} ${text}`);
  watchDropPolicies({ changesOfOthers: () => undefined }, { ...settings, note }, () => {}).close();
  expect(notes).toEqual([
    "warn a firewall chain that is loaded from now on and drops what is forwarded is not noticed",
  ]);
});

test("what was told at the start is not told again", () => {
  const look = review(["a"]);
  expect(look("a")).toEqual([]);
});

test("a chain that comes later is told once, and that the last is gone, too", () => {
  const look = review([]);
  expect(look("a")).toEqual(["warn a", "changed a"]);
  expect(look("a")).toEqual([]);
  expect(look("a", "b")).toEqual(["warn b", "changed a, b"]);
  expect(look("b")).toEqual(["changed b"]);
  expect(look()).toEqual(["info no chain drops the kernel plane's transfers any more", "changed "]);
  expect(look()).toEqual([]);
});

test("however often a ruleset changes, there is one look at a time, and one after the last change", async () => {
  const looks: (() => void)[] = [];
  const turns = lookInTurn(() => new Promise<void>((resolve) => looks.push(resolve)), 1);
  turns.soon();
  turns.soon();
  await expect.poll(() => looks.length).toBe(1);
  turns.soon();
  turns.soon();
  await sleep(20);
  expect(looks).toHaveLength(1);
  looks[0]?.();
  await expect.poll(() => looks.length).toBe(2);
  looks[1]?.();
  await sleep(20);
  expect(looks).toHaveLength(2);
  turns.soon();
  turns.stop();
  await sleep(20);
  expect(looks).toHaveLength(2);
});
