import { expect, test } from "vitest";
import { eventFilter, type WantedEvents } from "../../../../src/dataplane/kernel/events/event-filter.ts";
import {
  attributeEnd,
  createMessageWriter,
  placeAttributes,
  viewOf,
} from "../../../../src/dataplane/kernel/netlink/netlink-message.ts";
import { messagesIn } from "../netlink/netlink-messages.ts";

/** What the kernel does with the program: bytes of the message that are kept. */
function run(program: Buffer, message: Buffer): number {
  let a = 0;
  let x = 0;
  for (let index = 0; index < program.length / 8; index++) {
    const at = index * 8;
    const operand = program.readUInt32LE(at + 4);
    const code = program.readUInt16LE(at);
    if (code === 0x06) return operand;
    if (code === 0x00) a = operand;
    else if (code === 0x01) x = operand;
    else if (code === 0x07) x = a;
    else if (code === 0x05) index += operand;
    else if (code === 0x54) a = (a & operand) >>> 0;
    else if (code === 0x15) index += program[at + (a === operand ? 2 : 3)]!;
    else if (code === 0x40) a = message.readUInt32BE(x + operand);
    else if (code === 0x50) a = message[x + operand]!;
    else if (code === 0x30) a = message[operand]!;
    else if (code === 0x20 && operand === 0xfffff00c) a = found(a, message.length, x);
    else if (code === 0x20 && operand === 0xfffff010) a = found(a + 4, attributeEnd(viewOf(message), a + 4), x);
    else throw new Error(`no such instruction: ${code.toString(16)} ${operand.toString(16)}`);
  }
  throw new Error("it has no end");

  /** An attribute is where its header begins, and none is at 0. */
  function found(from: number, to: number, type: number) {
    const places = new Int32Array(type + 1);
    placeAttributes(viewOf(message), from, to, places);
    return Math.max(0, places[type]! - 4);
  }
}

const programs = {
  everything: eventFilter(0x46000000, 0xff000000, "everything"),
  ends: eventFilter(0x46000000, 0xff000000, "ends"),
};
const kinds = { changed: 0x100, gone: 0x102 } as const;

type EventFields = { mark?: number; state?: number };

function isKept(kind: keyof typeof kinds, { mark, state }: EventFields, wanted: WantedEvents = "everything"): boolean {
  const writer = createMessageWriter();
  writer.begin(kinds[kind], 0, 0);
  writer.bytes(Uint8Array.of(2, 0, 0, 0));
  writer.be32(3, 0x1be);
  if (state !== undefined) {
    writer.nest(4, () =>
      writer.nest(1, () => {
        writer.u8(2, 7);
        writer.u8(1, state);
      }),
    );
  }
  if (mark !== undefined) writer.be32(8, mark);
  writer.end();
  expect(messagesIn(writer.written())).toHaveLength(1);
  return run(programs[wanted], writer.written()) > 0;
}

test("events of connections that do not bear our mark under its mask are dropped", () => {
  expect(isKept("changed", { mark: 0x46123456 })).toBe(true);
  expect(isKept("changed", { mark: 0x47000000 })).toBe(false);
  expect(isKept("changed", { mark: 0 })).toBe(false);
  expect(isKept("changed", {})).toBe(false);
});

test("of a connection's states those are told that mean a beginning or an end", () => {
  const told = (kind: keyof typeof kinds) =>
    [1, 2, 3, 4, 5, 6, 7, 8].filter((state) => isKept(kind, { mark: 0x46000001, state }));
  const [synSent, established, timeWait, close] = [1, 3, 7, 8];
  expect(told("changed")).toEqual([synSent, established, timeWait, close]);
});

test("who wants the ends alone is told of nothing before", () => {
  const states = [1, 2, 3, 4, 5, 6, 7, 8];
  const isEnd = (state: number) => isKept("changed", { mark: 0x46000001, state }, "ends");
  expect(states.filter(isEnd)).toEqual([7, 8]);
  const isGone = (state: number) => isKept("gone", { mark: 0x46000001, state }, "ends");
  expect(states.filter(isGone)).toEqual([1, 2, 3, 4, 5, 6, 8]);
});

test("that a connection is gone is told unless it had ended in order", () => {
  expect(isKept("gone", { mark: 0x46000001 })).toBe(true);
  for (const state of [1, 2, 3, 4, 5, 6, 8]) expect(isKept("gone", { mark: 0x46000001, state })).toBe(true);
  expect(isKept("gone", { mark: 0x46000001, state: 7 })).toBe(false);
});
