import { expect, test } from "vitest";
import type { Connection } from "../../../src/dataplane/kernel/netlink/conntrack-message.ts";
import { resynchroniseAll } from "../../../src/dataplane/kernel/plane-events.ts";
import { parseConnection } from "./nat-play.ts";

const numbers = 0xffff;

function numbered(number: number): Connection {
  const connection = parseConnection(["ESTABLISHED"], "passive");
  return { ...connection, mark: connection.mark | number };
}

/** What each of the pinholes 1 and 2 is told, and the notes. */
function resynchronise(listed: Connection[] | number) {
  const told: [number, number][] = [];
  const notes: string[] = [];
  const pinhole = (number: number) => ({
    resynchronise: ({ length }: readonly Connection[]) => void told.push([number, length]),
  });
  const registry = {
    all: () => [1, 2].map((number): [number, ReturnType<typeof pinhole>] => [number, pinhole(number)]),
  };
  resynchroniseAll({ list: () => listed }, registry, numbers, (level, text) => notes.push(`${level} ${text}`));
  return { told, notes };
}

test("every pinhole is told which connections the kernel knows under its number, or that there is none", () => {
  expect(resynchronise([numbered(2), numbered(2), numbered(7)])).toEqual({
    told: [
      [1, 0],
      [2, 2],
    ],
    notes: ["info conntrack events were lost; the kernel was asked instead"],
  });
});

test("where the kernel does not answer, nothing is concluded", () => {
  expect(resynchronise(1)).toEqual({
    told: [],
    notes: ["warn conntrack events were lost, and the kernel does not answer: EPERM"],
  });
});
