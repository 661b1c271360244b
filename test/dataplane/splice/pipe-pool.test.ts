import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createPipePool, type Pipe } from "../../../src/dataplane/splice/pipe-pool.ts";
import { loadSpliceCalls } from "../../../src/dataplane/splice/splice-calls.ts";

const loaded = loadSpliceCalls();
const mib = 1024 * 1024;

function pooled(allowance: number) {
  if (!loaded.ok) throw new Error(loaded.reason);
  const pool = createPipePool(loaded.calls, allowance);
  const take = (): Pipe => {
    const pipe = pool.take();
    if (!pipe) throw new Error("no pipe");
    return pipe;
  };
  const discard = (pipes: readonly Pipe[]) => {
    for (const pipe of pipes) pool.giveBack(pipe, false);
    pool.close();
  };
  return { pool, take, discard };
}

const countDescriptors = () => readdirSync("/proc/self/fd").length;

describe("pipe pool", () => {
  test("large pipes up to half of the allowance, medium ones up to its end, then as the system makes them", () => {
    const { take, discard } = pooled(4 * mib);
    const pipes = Array.from({ length: 12 }, take);
    const [small = 0] = pipes.slice(-1).map(({ bytes }) => bytes);
    expect(pipes.map(({ bytes }) => bytes)).toEqual([
      ...Array.from({ length: 2 }, () => mib),
      ...Array.from({ length: 8 }, () => mib / 4),
      small,
      small,
    ]);
    expect(small).toBeLessThanOrEqual(65_536);
    discard(pipes);
  });

  test("an empty pipe that comes back is the next to be taken", () => {
    const { pool, take, discard } = pooled(4 * mib);
    const pipe = take();
    pool.giveBack(pipe, true);
    expect(take()).toBe(pipe);
    discard([pipe]);
  });

  test("one with bytes in it is closed: they belong to nobody else", () => {
    const { pool, take, discard } = pooled(4 * mib);
    const before = countDescriptors();
    pool.giveBack(take(), false);
    expect(countDescriptors()).toBe(before);
    discard([]);
  });

  test("small ones are not kept, and what they used is free again", () => {
    const { pool, take, discard } = pooled(mib);
    const pipes = Array.from({ length: 5 }, take);
    expect(pipes.at(-1)?.bytes).toBeLessThan(mib / 4);
    for (const pipe of pipes) pool.giveBack(pipe, true);
    pool.close();
    const again = take();
    expect(again.bytes).toBe(mib / 4);
    discard([again]);
  });

  test("of a hundred that come back few are kept, and close leaves none open", () => {
    const before = countDescriptors();
    const { pool, take } = pooled(200 * mib);
    const pipes = Array.from({ length: 100 }, take);
    for (const pipe of pipes) pool.giveBack(pipe, true);
    expect(countDescriptors() - before).toBe(64);
    pool.close();
    expect(countDescriptors()).toBe(before);
  });

  test("the machine's own allowance yields at least a medium pipe", () => {
    if (!loaded.ok) throw new Error(loaded.reason);
    const pool = createPipePool(loaded.calls);
    const pipe = pool.take();
    expect(pipe?.bytes).toBeGreaterThanOrEqual(mib / 4);
    if (pipe) pool.giveBack(pipe, true);
    pool.close();
  });
});
