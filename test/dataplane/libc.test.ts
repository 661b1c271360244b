import { expect, test } from "vitest";
import { loadLibc } from "../../src/dataplane/libc.ts";

const loaded = loadLibc();

test("a function of the C library is called by its prototype", () => {
  if (!loaded.ok) throw new Error(loaded.reason);
  expect(loaded.libc.func("int getpid()")()).toBe(process.pid);
});

test("errno tells why a call failed", () => {
  if (!loaded.ok) throw new Error(loaded.reason);
  const close = loaded.libc.func("int close(int)");
  expect(close(-1)).toBe(-1);
  expect(loaded.libc.errno()).toBe(9);
});

test("it is loaded once", () => {
  expect(loadLibc()).toBe(loaded);
});
