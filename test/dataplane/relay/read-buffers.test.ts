import { describe, expect, test } from "vitest";
import { createReadBuffers } from "../../../src/dataplane/relay/read-buffers.ts";

describe("read buffers", () => {
  test("no more large ones than the limit are in use at once", () => {
    const buffers = createReadBuffers({ largeLimit: 2, largeBytes: 1000 });
    const first = buffers.takeLarge();
    expect(first?.length).toBe(1000);
    expect(buffers.takeLarge()).toBeDefined();
    expect(buffers.takeLarge()).toBeUndefined();
    if (first) buffers.returnLarge(first);
    expect(buffers.takeLarge()).toBe(first);
  });

  test("those in use at once are never the same", () => {
    const buffers = createReadBuffers({ largeBytes: 10 });
    const taken = Array.from({ length: 64 }, () => buffers.takeLarge());
    expect(new Set(taken).size).toBe(64);
  });

  test("of many that come back, few are kept", () => {
    const buffers = createReadBuffers({ largeBytes: 10 });
    const taken = new Set(Array.from({ length: 64 }, () => buffers.takeLarge()));
    for (const buffer of taken) if (buffer) buffers.returnLarge(buffer);
    const again = Array.from({ length: 64 }, () => buffers.takeLarge());
    expect(again.filter((buffer) => taken.has(buffer)).length).toBe(8);
  });
});
