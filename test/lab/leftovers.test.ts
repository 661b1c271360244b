// Runs when every other lab of the run has ended.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { requireNone } from "./availability.ts";
import { labName, labProcesses, labsPresent } from "./keeper.ts";
import { labObstacle } from "./lab.ts";

const obstacle = await labObstacle();

beforeEach((context) => requireNone(obstacle, context));

/** Of whom a process is a child, or undefined when it is gone. */
function parentOf(pid: string): string | undefined {
  try {
    return /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

/** Labs of dead processes, and of this run's; other runs may be at work on this machine. */
const isOurs = (lab: string): boolean => {
  const owner = labName.exec(lab)?.[1] ?? "";
  const parent = parentOf(owner);
  return parent === undefined || parent === String(process.ppid);
};

test("no namespace, process or file of a lab is left", async () => {
  const left = async (): Promise<string[]> => [...(await labsPresent()), ...labProcesses().keys()].filter(isOurs);
  // A keeper whose owner ended a moment ago may still be at work.
  for (let waited = 0; (await left()).length > 0 && waited < 5000; waited += 100) await sleep(100);
  expect(await left()).toEqual([]);
}, 20_000);
