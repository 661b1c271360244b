// Descriptors between processes, on real unix sockets. Both ends are this process: the kernel makes no difference.
import { once } from "node:events";
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { loadFfi } from "../../src/sockets/ffi.ts";
import {
  closeDescriptor,
  type LocalConversation,
  notListening,
  openConversation,
} from "../../src/sockets/local-conversation.ts";
import { peerOf, sendDescriptor } from "../../src/sockets/local-peer.ts";
import { descriptorOf } from "../../src/sockets/socket-handle.ts";

beforeEach((context) => context.skip(!loadFfi().ok, "koffi is not installed"));

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "ftp-alg-local-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "socket");
}

async function listening(server: Server, where: object | string): Promise<Server> {
  server.listen(where);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return server;
}

/** Both ends; calls of the first one wait. */
async function connected(): Promise<{ near: LocalConversation; far: Socket }> {
  const path = socketPath();
  const server = await listening(createServer(), path);
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const opened = openConversation(path, 500);
  if (opened.kind !== "open") throw new Error(opened.kind);
  const [far] = await accepted;
  onTestFinished(() => void far.destroy());
  return { near: opened.conversation, far };
}

const openDescriptors = (): string[] =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`];
    } catch {
      return [];
    }
  });

test("a listening socket that was sent is the same one under another descriptor", async () => {
  const tcp = await listening(createServer(), { port: 0, host: "127.0.0.1" });
  const { address, port } = tcp.address() as AddressInfo;
  const { near, far } = await connected();
  expect(sendDescriptor(far, "here it is\n", descriptorOf(tcp))).toBeUndefined();
  const { text, descriptors } = near.receive() ?? { text: "", descriptors: [] };
  near.close();
  expect([text, descriptors.length]).toEqual(["here it is\n", 1]);
  const [descriptor = -1] = descriptors;
  expect(descriptor).not.toBe(descriptorOf(tcp));
  expect(notListening(descriptor, { address, port })).toBeUndefined();
  expect(notListening(descriptor, { address, port: port - 1 })).toBe(`it is not bound to 127.0.0.1:${port - 1}`);
  const inode = (fd: number) => readlinkSync(`/proc/self/fd/${fd}`);
  expect(inode(descriptor)).toBe(inode(descriptorOf(tcp)));
  closeDescriptor(descriptor);
});

test("what is no listening TCP socket is told from one that is", async () => {
  const local = await listening(createServer(), socketPath());
  const endpoint = { address: "127.0.0.1", port: 1 };
  const why = "it is no listening TCP socket";
  expect([notListening(descriptorOf(local), endpoint), notListening(-1, endpoint), notListening(0, endpoint)]).toEqual([
    why,
    why,
    why,
  ]);
});

test("both ends know the other one's process and user", async () => {
  const { near, far } = await connected();
  expect(near.peer).toEqual({ pid: process.pid, user: process.geteuid?.() });
  expect(peerOf(far)).toEqual({ pid: process.pid, user: process.geteuid?.() });
  near.close();
});

test("descriptors that nobody asked for are closed by the kernel where bytes alone are read", async () => {
  const { near, far } = await connected();
  const tcp = await listening(createServer(), { port: 0, host: "127.0.0.1" });
  const socket = near.detach();
  onTestFinished(() => void socket.destroy());
  const arrived = once(socket, "data");
  const before = openDescriptors();
  for (let count = 0; count < 20; count += 1) sendDescriptor(far, "x", descriptorOf(tcp));
  await arrived;
  expect(openDescriptors()).toEqual(before);
});

test("who sends nothing is waited for as long as was said; who has closed is told from it", async () => {
  const { near, far } = await connected();
  const begun = performance.now();
  expect(() => near.receive()).toThrow("no answer");
  expect(performance.now() - begun).toBeGreaterThan(400);
  far.destroy();
  await once(far, "close");
  expect(near.receive()).toBeUndefined();
  near.close();
});

test("where nobody listens is nobody, whether the socket is missing or left over", async () => {
  const path = socketPath();
  expect(openConversation(path, 500)).toEqual({ kind: "nobody" });
  // A killed process leaves its socket; a thread that is ended, too.
  const worker = new Worker(
    `const { createServer } = require("node:net"); const { parentPort } = require("node:worker_threads");
     createServer().listen(${JSON.stringify(path)}, () => parentPort.postMessage(""));`,
    { eval: true },
  );
  await once(worker, "message");
  await worker.terminate();
  expect(openConversation(path, 500)).toEqual({ kind: "nobody" });
  expect(openConversation(`/${"x".repeat(200)}`, 500)).toMatchObject({ kind: "failed" });
});
