import fc from "fast-check";
import { expect, test } from "vitest";
import { createDecodedMemory } from "../../src/net/decoded-memory.ts";

const view = (...bytes: number[]) => new DataView(Uint8Array.from(bytes).buffer);

test("the same bytes under the same number are what they were decoded to, wherever they stand", () => {
  const memory = createDecodedMemory<string>(8);
  memory.keep(7, view(1, 2, 3, 4, 5, 6, 7, 8), 0, 8, "known");
  expect(memory.recall(7, view(1, 2, 3, 4, 5, 6, 7, 8), 0, 8)).toBe("known");
  expect(memory.recall(7, view(0, 1, 2, 3, 4, 5, 6, 7, 8), 1, 9)).toBe("known");
});

test("another byte, another length and another number are unknown", () => {
  const memory = createDecodedMemory<string>(8);
  memory.keep(7, view(1, 2, 3, 4, 5, 6, 7, 8), 0, 8, "known");
  for (let at = 0; at < 8; at++) {
    const other = view(1, 2, 3, 4, 5, 6, 7, 8);
    other.setUint8(at, 9);
    expect(memory.recall(7, other, 0, 8)).toBeUndefined();
  }
  expect(memory.recall(7, view(1, 2, 3, 4, 5, 6, 7, 8), 0, 4)).toBeUndefined();
  expect(memory.recall(7, view(1, 2, 3, 4, 5, 6, 7, 8), 8, 0)).toBeUndefined();
  expect(memory.recall(8, view(1, 2, 3, 4, 5, 6, 7, 8), 0, 8)).toBeUndefined();
});

test("what bytes there were too many of, or too few, is not kept", () => {
  const memory = createDecodedMemory<string>(8);
  const bytes = view(...Array.from({ length: 12 }, (_, index) => index));
  for (const [from, to] of [
    [0, 12],
    [0, 7],
    [4, 4],
    [8, 4],
  ] as const) {
    memory.keep(1, bytes, from, to, "kept");
    expect(memory.recall(1, bytes, from, to), `${from} to ${to}`).toBeUndefined();
  }
});

test("the last of those that share a place is kept, and is never taken for another one", () => {
  const entry = fc.record({ number: fc.nat(0xffff), words: fc.array(fc.nat(2), { minLength: 1, maxLength: 2 }) });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 300 }), (entries) => {
      const memory = createDecodedMemory<string>(8);
      for (const { number, words } of entries) {
        const bytes = view(...words.flatMap((word) => [0, 0, 0, word]));
        const known = memory.recall(number, bytes, 0, bytes.byteLength);
        if (known !== undefined) expect(known).toBe(words.join());
        memory.keep(number, bytes, 0, bytes.byteLength, words.join());
        expect(memory.recall(number, bytes, 0, bytes.byteLength)).toBe(words.join());
      }
    }),
  );
});
