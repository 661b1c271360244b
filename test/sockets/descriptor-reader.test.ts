import { execFileSync } from "node:child_process";
import { constants, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { descriptorReader } from "../../src/sockets/descriptor-reader.ts";
import { systemCalls } from "../dataplane/kernel/system-calls.ts";

test("the event loop tells when a descriptor of no kind that Node knows can be read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "descriptor-reader-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "fifo");
  execFileSync("mkfifo", [path]);
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const readDescriptor = descriptorReader(systemCalls());
  let told = () => {};
  const socket = readDescriptor?.(descriptor, () => {
    told();
    return true;
  });
  if (socket === undefined || "errno" in socket) throw new Error("a FIFO can be read");
  onTestFinished(() => void socket.destroy());
  for (const text of ["one", "two"]) {
    const read = new Promise<void>((resolve) => (told = resolve));
    writeSync(descriptor, text);
    await read;
  }
  expect(socket.destroyed).toBe(false);
});

test("a descriptor that is none is refused with the system's number", () => {
  expect(descriptorReader(systemCalls())?.(1_000_000, () => true)).toEqual({ errno: 9 });
});

test("where the process may have no local socket, there is no reader", () => {
  expect(descriptorReader({ ...systemCalls(), socket: () => -1 })).toBeUndefined();
});

test("what the reader is found by is closed again", async () => {
  const descriptors = () => readdirSync("/proc/self/fd").length;
  const before = descriptors();
  for (let count = 0; count < 10; count++) descriptorReader(systemCalls());
  await expect.poll(descriptors).toBe(before);
});
