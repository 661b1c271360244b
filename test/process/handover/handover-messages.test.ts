import fc from "fast-check";
import { expect, test } from "vitest";
import {
  formatMessage,
  formatPorts,
  parsePorts,
  parsePredecessorMessage,
  parseSuccessorMessage,
  type PredecessorMessage,
  type SuccessorMessage,
} from "../../../src/process/handover/handover-messages.ts";

const endpoint = { address: "127.0.0.1", port: 21 };
const predecessors: readonly PredecessorMessage[] = [
  { kind: "refused", reason: "no" },
  { kind: "socket", use: "control", wanted: { ...endpoint, port: 0 }, endpoint: { address: "::1", port: 21 } },
  { kind: "sockets-end", release: "0.1.0", count: 3 },
  { kind: "go", ports: [50_000, 50_001, 50_004] },
  { kind: "draining" },
  { kind: "released", ports: [] },
];
const successors: readonly SuccessorMessage[] = [
  { kind: "request", release: "0.1.0" },
  { kind: "prepared" },
  { kind: "ready" },
  { kind: "failed", reason: "the port\nis in use" },
];

test("each message is read as it was written, on one line", () => {
  for (const message of predecessors) {
    const line = formatMessage(message);
    expect(line.indexOf("\n")).toBe(line.length - 1);
    expect(parsePredecessorMessage(line)).toEqual(message);
  }
  for (const message of successors) expect(parseSuccessorMessage(formatMessage(message))).toEqual(message);
});

test("a message of another version is not guessed at, but what refuses is read in each", () => {
  for (const message of successors) {
    expect(parseSuccessorMessage(formatMessage(message, 2))).toEqual({ kind: "other-version", version: 2 });
  }
  const [refused, ...others] = predecessors.map((message) => parsePredecessorMessage(formatMessage(message, 2)));
  expect(refused).toEqual({ kind: "refused", reason: "no" });
  for (const other of others) expect(other).toEqual({ kind: "other-version", version: 2 });
});

test("garbage is told from a message, whatever it is, and nothing throws", () => {
  const lines = ["", "{", "null", "[]", "5", '{"handover":1}', '{"handover":"1","kind":"ready"}', '{"kind":"ready"}'];
  const wrong = ['{"handover":1,"kind":"go","ports":"9-1"}', '{"handover":1,"kind":"socket","use":"x"}'];
  for (const line of [...lines, ...wrong]) {
    expect(parsePredecessorMessage(line).kind).toBe("unreadable");
    expect(parseSuccessorMessage(line).kind).toBe("unreadable");
  }
  fc.assert(fc.property(fc.string(), (line) => void parsePredecessorMessage(line)));
  fc.assert(fc.property(fc.json(), (line) => void parseSuccessorMessage(line)));
});

test("ports are said in ranges, and read back", () => {
  expect(formatPorts([50_000, 50_001, 50_002, 50_004])).toBe("50000-50002,50004");
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 65_535 })), (ports) => {
      expect(parsePorts(formatPorts(ports))).toEqual(ports.toSorted((a, b) => a - b));
    }),
  );
  expect(parsePorts(formatPorts(Array.from({ length: 65_535 }, (_, index) => index + 1)))).toHaveLength(65_535);
});

test.each(["0", "65536", "5-4", "1-70000", "3,3", "3,1", "1-5,5", "a", "1-", ","])("%j are no ports", (text) => {
  expect(parsePorts(text)).toBeUndefined();
});
