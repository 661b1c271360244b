import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { watchStandstill, watchUnacknowledged } from "../../src/sockets/socket-options.ts";
import { loadSocketCalls } from "../../src/sockets/socket-calls.ts";
import { explainStandstill, readTcpInfo, tcpInfoBytes, type TcpInfo } from "../../src/sockets/tcp-info.ts";

const quiet: TcpInfo = {
  ...{ retransmits: 0, probes: 0, segmentBytes: 1448, acknowledgedBytes: 5000, receivedBytes: 0, outOfOrder: 0 },
};

test.each([
  ["nothing is known of a connection that is quiet", quiet, 0, ""],
  ["nor of one that the kernel does not tell of", undefined, 0, ""],
  ["bytes that are not acknowledged are counted", quiet, 3000, "it has not acknowledged 3000 bytes"],
  ["also where the kernel tells no more", undefined, 3000, "it has not acknowledged 3000 bytes"],
  ["a peer with a closed window does not read", { ...quiet, probes: 2 }, 9, "it does not read, 9 bytes wait for it"],
  [
    "that not one full-size segment was acknowledged means that they are lost",
    { ...quiet, retransmits: 3, acknowledgedBytes: 1 },
    65_160,
    "full-size packets to it are lost, none of 65160 bytes was acknowledged",
  ],
  [
    "unless what was sent is small",
    { ...quiet, retransmits: 3, acknowledgedBytes: 1 },
    100,
    "it has not acknowledged 100 bytes",
  ],
  [
    "that only what came behind a gap is there means the same of the other way",
    { ...quiet, outOfOrder: 1 },
    0,
    "full-size packets from it are lost, what was sent behind them has come",
  ],
])("%s", (_, info, unacknowledged, words) => {
  expect(explainStandstill(info, unacknowledged)).toBe(words);
});

test("an older kernel that tells less is read as far as it goes", () => {
  expect(readTcpInfo(Buffer.alloc(tcpInfoBytes))).toEqual({ ...quiet, segmentBytes: 0, acknowledgedBytes: 0 });
});

test.runIf(loadSocketCalls().ok)("a peer that does not read is found in the kernel's own words", async () => {
  const server = createServer((socket) => socket.pause()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket: Socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await once(socket, "connect");
  const explain = watchStandstill(socket);
  const waiting = watchUnacknowledged(socket);
  expect(explain()).toBe("");
  for (let sent = 0; sent < 200 && !socket.writableNeedDrain; sent++) socket.write(Buffer.alloc(1_000_000));
  await expect
    .poll(explain, { timeout: 5000 })
    .toMatch(/^it (does not read, \d+ bytes wait for it|has not acknowledged)/);
  expect(waiting()).toBeGreaterThan(0);
  socket.destroy();
  server.close();
  expect(explain()).toBe("");
});
