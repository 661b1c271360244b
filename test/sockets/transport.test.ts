import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { acceptedTransport, dialTransport } from "../../src/sockets/node-transport.ts";
import {
  abortTransport,
  backlogOf,
  endTransport,
  hasInput,
  listenTo,
  send,
  setReading,
  type Transport,
  type TransportEvents,
  unacknowledgedOf,
} from "../../src/sockets/transport.ts";
import { quiet, sleep } from "../virtual-time.ts";

const keepaliveMs = 60_000;

type Heard = { readonly names: string[]; arrived: (() => void) | undefined };

function hear(transport: Transport): Heard {
  const heard: Heard = { names: [], arrived: undefined };
  const note = (name: string) => (owner: Heard, detail?: string) =>
    void owner.names.push(detail ? `${name} ${detail}` : name);
  const events: TransportEvents<Heard> = {
    arrived: (owner) => owner.arrived?.(),
    ended: note("ended"),
    failed: note("failed"),
    drained: note("drained"),
    closed: note("closed"),
  };
  listenTo(transport, heard, events);
  return heard;
}

/** A transport that was accepted, and Node's socket at its other end. */
async function pair(): Promise<readonly [ours: Transport, theirs: Socket, heard: Heard]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const theirs = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  const [accepted] = (await once(server, "connection")) as [Socket];
  if (theirs.connecting) await once(theirs, "connect");
  const ours = acceptedTransport(accepted, { keepaliveMs });
  const heard = hear(ours);
  onTestFinished(() => {
    abortTransport(ours);
    theirs.destroy();
    server.close();
  });
  return [ours, theirs, heard];
}

const inputOf = ({ memory, from, to }: Transport): string => Buffer.from(memory.subarray(from, to)).toString("latin1");

async function until(condition: () => boolean): Promise<void> {
  for (let count = 0; !condition() && count < 400; count += 1) await quiet();
  expect(condition()).toBe(true);
}

function endOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(String(error.code))).on("end", () => resolve("end"));
    socket.resume();
  });
}

test("its ends are known from the start, on either side", async () => {
  const [ours, theirs] = await pair();
  expect(ours.peer).toEqual({ address: "127.0.0.1", port: theirs.localPort });
  expect(ours.local).toEqual({ address: "127.0.0.1", port: theirs.remotePort });
});

test("what is not taken of the input is kept, byte for byte, whoever reads meanwhile", async () => {
  const [one, toOne] = await pair();
  const [two, toTwo] = await pair();
  toOne.write("first");
  await until(() => hasInput(one));
  toTwo.write("another connection's");
  await until(() => hasInput(two));
  expect([inputOf(one), inputOf(two)]).toEqual(["first", "another connection's"]);
  one.from += 2;
  toOne.write(" and second");
  await until(() => inputOf(one).length > 3);
  expect(inputOf(one)).toBe("rst and second");
});

test("input that is taken at once leaves nothing behind", async () => {
  const [ours, theirs, heard] = await pair();
  const taken: string[] = [];
  heard.arrived = () => {
    taken.push(inputOf(ours));
    ours.from = ours.to;
    expect(hasInput(ours)).toBe(false);
  };
  theirs.write("one");
  await until(() => taken.length === 1);
  theirs.write("two");
  await until(() => taken.length === 2);
  expect(taken).toEqual(["one", "two"]);
  expect(hasInput(ours)).toBe(false);
});

test("while it does not read, what comes stays with the kernel", async () => {
  const [ours, theirs] = await pair();
  setReading(ours, false);
  theirs.write("later");
  await quiet();
  expect(hasInput(ours)).toBe(false);
  setReading(ours, true);
  await until(() => hasInput(ours));
  expect(inputOf(ours)).toBe("later");
});

test("input that was kept holds no memory once it is taken and reading goes on", async () => {
  const [ours, theirs] = await pair();
  const [idle] = await pair();
  theirs.write("x".repeat(30_000));
  await until(() => hasInput(ours));
  setReading(ours, false);
  expect(ours.memory).not.toBe(idle.memory);
  ours.from = ours.to;
  setReading(ours, true);
  expect(ours.memory).toBe(idle.memory);
  theirs.write("more");
  await until(() => hasInput(ours));
  expect(inputOf(ours)).toBe("more");
});

test("the end of the peer comes behind its last bytes, and leaves our direction open", async () => {
  const [ours, theirs, heard] = await pair();
  const read: Buffer[] = [];
  theirs.on("data", (chunk: Buffer) => read.push(chunk));
  theirs.end("last words");
  await until(() => heard.names.length > 0);
  expect(heard.names).toEqual(["ended"]);
  expect([ours.hasEnded, inputOf(ours)]).toEqual([true, "last words"]);
  send(ours, "221 Goodbye.\r\n");
  endTransport(ours);
  await until(() => ours.isClosed);
  expect(Buffer.concat(read).toString()).toBe("221 Goodbye.\r\n");
  expect(heard.names).toEqual(["ended", "closed"]);
});

test("a short text is with the kernel at once, and each byte of it survives; a long one goes by the stream", async () => {
  const [ours, theirs] = await pair();
  const read: Buffer[] = [];
  theirs.on("data", (chunk: Buffer) => read.push(chunk));
  const text = `150 ${String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))}\r\n`;
  for (const each of [text, "200 short\r\n", ".".repeat(16_384), "!".repeat(16_385)]) {
    read.length = 0;
    send(ours, each);
    await until(() => Buffer.concat(read).length === each.length);
    expect(Buffer.concat(read).toString("latin1") === each).toBe(true);
  }
});

test("a closed transport takes nothing, whoever has its descriptor now", async () => {
  const [ours] = await pair();
  abortTransport(ours);
  const [another, toAnother] = await pair();
  let received = "";
  toAnother.on("data", (chunk: Buffer) => (received += chunk.toString()));
  send(ours, "221 Goodbye.\r\n");
  send(another, "220 ready\r\n");
  await until(() => received.length > 0);
  await quiet();
  expect(received).toBe("220 ready\r\n");
  expect(backlogOf(ours)).toBe(0);
});

test("a closing transport takes nothing either, not even in the turn in which it was told to end", async () => {
  const [ours, theirs] = await pair();
  let received = "";
  theirs.on("data", (chunk: Buffer) => (received += chunk.toString()));
  const ended = endOf(theirs);
  send(ours, "221 Goodbye.\r\n");
  endTransport(ours);
  send(ours, "226 Done.\r\n");
  expect(await ended).toBe("end");
  expect(received).toBe("221 Goodbye.\r\n");
});

test("what the kernel does not take follows in order, and is counted until it has", async () => {
  const [ours, theirs, heard] = await pair();
  theirs.pause();
  const line = `${"x".repeat(998)}\r\n`;
  let sent = 0;
  for (; backlogOf(ours) < 100_000; sent += 1) send(ours, line);
  send(ours, "last\r\n");
  expect(unacknowledgedOf(ours)).toBeGreaterThan(0);
  let received = 0;
  let tail = "";
  theirs.on("data", (chunk: Buffer) => {
    received += chunk.length;
    tail = `${tail}${chunk.toString("latin1")}`.slice(-2000);
  });
  theirs.resume();
  await until(() => received === sent * line.length + 6);
  expect(tail.endsWith(`${line}last\r\n`)).toBe(true);
  expect(heard.names).toEqual(["drained"]);
  expect(backlogOf(ours)).toBe(0);
  await until(() => unacknowledgedOf(ours) === 0);
});

test("an end in order is one to the peer, an abort is a reset", async () => {
  const [ending, toEnding] = await pair();
  const ended = endOf(toEnding);
  endTransport(ending);
  expect(await ended).toBe("end");
  const [aborting, toAborting, heard] = await pair();
  const aborted = endOf(toAborting);
  abortTransport(aborting);
  expect(await aborted).toBe("ECONNRESET");
  await until(() => aborting.isClosed);
  expect(heard.names).toEqual(["closed"]);
});

test("a peer that does not close after our end is heard no longer, and cut off after two seconds", async () => {
  const [ours, theirs, heard] = await pair();
  theirs.write("unread");
  await until(() => hasInput(ours));
  endTransport(ours);
  expect(hasInput(ours)).toBe(false);
  theirs.allowHalfOpen = true;
  theirs.resume().write("more");
  await sleep(1999);
  expect([ours.isClosed, hasInput(ours)]).toEqual([false, false]);
  await sleep(1);
  await quiet();
  expect(ours.isClosed).toBe(true);
  expect(heard.names).toEqual(["closed"]);
});

test("attack: a peer that goes on with a flood after our end is cut off once 256 KiB of it were thrown away", async () => {
  const [ours, theirs] = await pair();
  endTransport(ours);
  const piece = Buffer.alloc(65_536, "\n");
  for (let count = 0; count < 400 && !ours.isClosed; count += 1) {
    theirs.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(ours.isClosed).toBe(true);
});

test("a reset is a failure, and then it is closed", async () => {
  const [ours, theirs, heard] = await pair();
  theirs.resetAndDestroy();
  await until(() => ours.isClosed);
  expect(heard.names).toEqual(["failed ECONNRESET", "closed"]);
});

test("the peer of a transport that was dialled at the unspecified address is the address that the system took", async () => {
  const server = createServer((socket) => void socket.on("error", () => {})).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const dialled = await new Promise<Transport>((resolve, reject) =>
    dialTransport(
      { address: "0.0.0.0", port },
      { keepaliveMs },
      { connected: resolve, failed: (detail) => reject(new Error(detail)) },
    ),
  );
  expect(dialled.peer).toEqual({ address: "127.0.0.1", port });
  abortTransport(dialled);
  server.close();
});

test("a dialled transport is connected, or fails with the system's word, or is cancelled and silent", async () => {
  const server = createServer((socket) => void socket.on("error", () => {})).listen(0, "127.0.0.1");
  await once(server, "listening");
  const to = { address: "127.0.0.1", port: (server.address() as AddressInfo).port };
  const dialled = await new Promise<Transport>((resolve, reject) =>
    dialTransport(to, { keepaliveMs }, { connected: resolve, failed: (detail) => reject(new Error(detail)) }),
  );
  expect(dialled.peer).toEqual(to);
  expect(dialled.local.address).toBe("127.0.0.1");
  // What was heard while dialling is forgotten: it would keep the attempt in memory as long as the connection lives.
  expect((dialled as unknown as { socket: Socket }).socket.listenerCount("error")).toBe(1);
  abortTransport(dialled);
  const heard: string[] = [];
  const events = { connected: () => void heard.push("connected"), failed: (detail: string) => void heard.push(detail) };
  dialTransport(to, { keepaliveMs }, events).cancel();
  // No address of ours, and none that the process may take without being told how.
  dialTransport(to, { keepaliveMs, from: "not an address" }, events).cancel();
  server.close();
  await once(server, "close");
  dialTransport(to, { keepaliveMs }, events);
  await until(() => heard.length > 0);
  await sleep(50);
  expect(heard).toEqual(["ECONNREFUSED"]);
});
