import fc from "fast-check";
import { expect, test } from "vitest";
import { createMessageWriter } from "../../../../src/dataplane/kernel/netlink/netlink-message.ts";
import { parseRoute, writeRouteQuestion } from "../../../../src/dataplane/kernel/netlink/route-message.ts";

/** Hexadecimal in pieces that mean something. */
const joined = (...pieces: string[]) => pieces.join("");

test("the question is the whole address", () => {
  const writer = createMessageWriter();
  writeRouteQuestion(writer, 4, "10.0.0.5");
  expect(writer.written().toString("hex")).toBe(
    joined("240000001a0001000400000000000000", "022000000000000000000000", "080001000a000005"),
  );
  writer.reset();
  writeRouteQuestion(writer, 4, "fd00::5");
  expect(writer.written().toString("hex").slice(32, 36)).toBe("0a80");
});

const answer = (kind: number) => {
  const payload = Buffer.alloc(12);
  payload[7] = kind;
  return { type: 24, flags: 0, sequence: 1, payload };
};

test.each([
  ["to another machine", 1, "forwarded"],
  ["to ourselves", 2, "local"],
  ["to everybody", 3, "nowhere"],
  ["into a black hole", 6, "nowhere"],
  ["to an unreachable place", 7, "nowhere"],
])("a route %s", (_, kind, expected) => {
  expect(parseRoute(answer(kind))).toBe(expected);
});

test("any other message is no route", () => {
  expect(parseRoute({ ...answer(1), type: 2 })).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 11 }), (bytes) => {
      expect(parseRoute({ ...answer(1), payload: Buffer.from(bytes) })).toBeUndefined();
    }),
  );
});
