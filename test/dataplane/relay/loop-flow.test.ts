// One direction on the loop: what the kernel does not take, whose memory bytes pass through, and the end.
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import {
  createLoopFlow,
  enlarge,
  flush,
  giveBack,
  type LoopFlow,
  movedBy,
  pump,
} from "../../../src/dataplane/relay/loop-flow.ts";
import { createReadBuffers, type ReadBuffers } from "../../../src/dataplane/relay/read-buffers.ts";
import type { Loop } from "../../../src/sockets/loop/loop.ts";
import { interests } from "../../../src/sockets/loop/poller.ts";
import { closeStream, setInterest, type Stream, watchStream } from "../../../src/sockets/loop/stream.ts";
import { dialStream } from "../../../src/sockets/loop/stream-dial.ts";
import { loopMissing, loopSockets } from "../../sockets/tested-sockets.ts";
import { payload, received, sha1 } from "../loopback.ts";

let loop: Loop;
beforeAll(() => {
  if (loopSockets?.loop === undefined) throw new Error(loopMissing);
  ({ loop } = loopSockets);
});

async function connected(): Promise<{ stream: Stream; peer: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  const accepted = once(server, "connection");
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const to = { address: "127.0.0.1", port: (server.address() as AddressInfo).port };
  const stream = await new Promise<Stream>((resolve, reject) => {
    dialStream(loop, { to, isForeign: false }, { connected: resolve, failed: reject });
  });
  setInterest(stream, interests.none);
  const [peer] = (await accepted) as [Socket];
  server.close();
  onTestFinished(() => {
    closeStream(stream);
    peer.destroy();
  });
  return { stream, peer: peer.on("error", () => {}) };
}

async function setFlow(options: Parameters<typeof createReadBuffers>[0] = {}) {
  const [from, to] = [await connected(), await connected()];
  const buffers = createReadBuffers(options);
  return { source: from.peer, sink: to.peer, buffers, flow: createLoopFlow(from.stream, to.stream, buffers) };
}

function ready(stream: Stream, interest: number): Promise<void> {
  return new Promise((resolve) =>
    watchStream(stream, interest, undefined, () => {
      setInterest(stream, interests.none);
      resolve();
    }),
  );
}

async function pumped(flow: LoopFlow, buffers: ReadBuffers, isEndNear = false): Promise<number> {
  await ready(flow.from, interests.read);
  return pump(flow, buffers, isEndNear);
}

test("the last bytes and the end behind them are read in one turn", async () => {
  const { source, sink, flow, buffers } = await setFlow();
  source.end("whole");
  await ready(flow.from, interests.end);
  expect(pump(flow, buffers, true)).toBe(0);
  expect(flow).toMatchObject({ bytes: 5, hasEnded: true, broken: 0 });
  // What waits for the end goes out with it.
  const whole = received(sink);
  loop.calls.sockets.resetWhenClosed(flow.to.fd, false);
  closeStream(flow.to);
  expect(await whole).toMatchObject({ bytes: 5, end: "fin" });
});

test("what the kernel does not take is kept, whatever is read meanwhile into the shared memory, and goes out later", async () => {
  const { source, sink, flow, buffers } = await setFlow();
  sink.pause();
  const data = payload(12_000_000);
  source.end(data);
  while (flow.unsent.length === 0) expect(await pumped(flow, buffers)).toBe(0);
  expect(movedBy(flow)).toBe(flow.bytes - flow.unsent.length);
  buffers.shared.fill(0);
  const whole = received(sink);
  while (!flow.hasEnded || flow.unsent.length > 0) {
    if (flow.unsent.length === 0) await pumped(flow, buffers);
    else {
      await ready(flow.to, interests.write);
      expect(flush(flow)).toBe(0);
    }
  }
  loop.calls.sockets.resetWhenClosed(flow.to.fd, false);
  closeStream(flow.to);
  expect(await whole).toEqual({ bytes: data.length, sha1: sha1(data), end: "fin" });
});

test("bulk reads into memory of its own, and gives it back when it has become small", async () => {
  const { source, sink, flow, buffers } = await setFlow({ sharedBytes: 1000, largeBytes: 100_000 });
  sink.resume();
  source.write(Buffer.alloc(5000));
  await pumped(flow, buffers);
  expect(flow.isBulk).toBe(true);
  enlarge(flow, buffers);
  expect(flow.memory).toHaveLength(100_000);
  await pumped(flow, buffers);
  for (let reads = 0; flow.memory !== buffers.shared; reads += 1) {
    expect(reads).toBeLessThan(20);
    source.write("small");
    await pumped(flow, buffers);
  }
  giveBack(flow, buffers);
});

test("a source that has broken is told apart from a destination that has", async () => {
  const one = await setFlow();
  one.source.resetAndDestroy();
  expect(await pumped(one.flow, one.buffers)).toBe(0);
  expect(one.flow.broken).toBeLessThan(0);
  const other = await setFlow();
  other.sink.resetAndDestroy();
  await once(other.sink, "close");
  other.source.write("x");
  expect(await pumped(other.flow, other.buffers)).toBeLessThan(0);
});
