// Node's own loop inside ours: whatever Node does goes on while connections of ours are open, and nobody waits for anybody.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { setImmediate as immediate, setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { onTestFinished, test, expect, beforeAll } from "vitest";
import type { Endpoint } from "../../../src/net/endpoint.ts";
import type { Loop } from "../../../src/sockets/loop/loop.ts";
import { interests } from "../../../src/sockets/loop/poller.ts";
import {
  closeStream,
  notNow,
  readStream,
  type Stream,
  watchStream,
  writeStream,
} from "../../../src/sockets/loop/stream.ts";
import { listenForStreams } from "../../../src/sockets/loop/stream-listener.ts";
import { loopMissing, loopSockets } from "../tested-sockets.ts";

let loop: Loop;
beforeAll(() => {
  if (loopSockets?.loop === undefined) throw new Error(loopMissing);
  ({ loop } = loopSockets);
});

/** Says again what it hears, as long as the test lasts: the loop turns meanwhile. */
function setEcho(): Endpoint {
  const streams: Stream[] = [];
  const listener = listenForStreams(
    loop,
    { at: { address: "127.0.0.1", port: 0 }, isForeign: false, backlog: 128 },
    (stream) => {
      streams.push(stream);
      watchStream(stream, interests.read, stream, echo);
    },
  );
  onTestFinished(() => {
    listener.close();
    for (const stream of streams) closeStream(stream);
  });
  return listener.endpoint;
}

const memory = Buffer.alloc(1024);

function echo(stream: Stream): void {
  const count = readStream(stream, memory);
  if (count > 0) writeStream(stream, memory, count, false);
  else if (count !== notNow) closeStream(stream);
}

async function asked({ port }: Endpoint, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.write(text);
  const [answer] = (await once(socket, "data")) as [Buffer];
  return answer.toString();
}

test("timers of Node strike when they are due, with nothing going on and beside a connection that never rests", async () => {
  const echoing = setEcho();
  for (const isBusy of [false, true]) {
    if (isBusy) keepBusy(echoing);
    const began = performance.now();
    await Promise.all([sleep(30), sleep(120)]);
    expect(performance.now() - began).toBeGreaterThan(118);
    expect(performance.now() - began).toBeLessThan(2000);
  }
});

/** There is something to read at any time. */
function keepBusy({ port }: Endpoint): void {
  const socket = connect(port, "127.0.0.1");
  socket.on("data", (data: Buffer) => socket.write(data)).write("x");
  onTestFinished(() => void socket.destroy());
}

test("immediates, promises, files, threads, child processes and sockets of Node go on beside it", async () => {
  const echoing = setEcho();
  keepBusy(echoing);
  await immediate();
  expect(await readFile("/proc/self/comm", "latin1")).not.toBe("");
  const { stdout } = await promisify(execFile)("echo", ["from a child"]);
  expect(stdout).toBe("from a child\n");
  const worker = new Worker("require('node:worker_threads').parentPort.postMessage('from a thread')", { eval: true });
  expect(await once(worker, "message")).toEqual(["from a thread"]);
  const server = createServer((socket) => socket.end("from Node"));
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const [data] = (await once(connect(port, "127.0.0.1"), "data")) as [Buffer];
  expect(data.toString()).toBe("from Node");
  expect(await asked(echoing, "from the loop")).toBe("from the loop");
});

test("a signal is heard while it waits", async () => {
  setEcho();
  const heard = once(process, "SIGUSR2");
  process.kill(process.pid, "SIGUSR2");
  expect(await heard).toEqual(["SIGUSR2", expect.anything()]);
});

test("what a peer says wakes it, however long nothing has happened", async () => {
  const echoing = setEcho();
  const socket = connect(echoing.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  await sleep(500);
  const began = performance.now();
  socket.write("hello");
  await once(socket, "data");
  expect(performance.now() - began).toBeLessThan(400);
});

test("a hundred connections at once are all served", async () => {
  const echoing = setEcho();
  const texts = Array.from({ length: 100 }, (_, number) => `connection ${number}`);
  expect(await Promise.all(texts.map((text) => asked(echoing, text)))).toEqual(texts);
});

test("while nothing of ours is open, nothing turns", async () => {
  const { messages, events } = loop.counts();
  await sleep(50);
  expect(loop.counts()).toEqual({ messages, events });
});

test("the time in which it waits is told apart from the time in which it works", async () => {
  setEcho();
  await sleep(20);
  const before = loop.waitedMs();
  await sleep(300);
  const idle = loop.waitedMs() - before;
  expect(idle).toBeGreaterThan(150);
  expect(idle).toBeLessThan(1000);
});
