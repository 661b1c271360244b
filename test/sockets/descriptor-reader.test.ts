import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { constants, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { descriptorReader } from "../../src/sockets/descriptor-reader.ts";

async function listenAt(where: object) {
  const server = createServer();
  server.listen(where);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return server;
}

test("the event loop tells when a descriptor of no kind that Node knows can be read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "descriptor-reader-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "fifo");
  execFileSync("mkfifo", [path]);
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const readDescriptor = descriptorReader(await listenAt({ path: join(folder, "server") }));
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

test("a descriptor that is none is refused with the system's number", async () => {
  const folder = mkdtempSync(join(tmpdir(), "descriptor-reader-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const readDescriptor = descriptorReader(await listenAt({ path: join(folder, "server") }));
  expect(readDescriptor?.(1_000_000, () => true)).toEqual({ errno: 9 });
});

test("a server that does not listen has no handle for it", () => {
  expect(descriptorReader(createServer())).toBeUndefined();
});
