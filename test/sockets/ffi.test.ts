import { expect, test } from "vitest";
import { loadFfi } from "../../src/sockets/ffi.ts";

const loaded = loadFfi();

test("a function of the C library is called by its prototype", () => {
  if (!loaded.ok) throw new Error(loaded.reason);
  expect(loaded.ffi.func("int getpid()")()).toBe(process.pid);
});

test("errno tells why a call failed", () => {
  if (!loaded.ok) throw new Error(loaded.reason);
  const close = loaded.ffi.func("int close(int)");
  expect(close(-1)).toBe(-1);
  expect(loaded.ffi.errno()).toBe(9);
});

test("it is loaded once", () => {
  expect(loadFfi()).toBe(loaded);
});
