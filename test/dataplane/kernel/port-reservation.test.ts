import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { reservePort } from "../../../src/dataplane/kernel/port-reservation.ts";
import { systemCalls } from "./system-calls.ts";

function reserve(address: string, port: number) {
  const reservation = reservePort(systemCalls(), { address, port });
  if ("errno" in reservation) throw new Error(`errno ${reservation.errno}`);
  return reservation;
}

async function codeOf(what: { once(event: "error", listener: (error: NodeJS.ErrnoException) => void): unknown }) {
  const [error] = (await once(what as never, "error")) as [NodeJS.ErrnoException];
  return error.code;
}

test.each(["127.0.0.1", "::1"])(
  "on %s nobody else can listen on the port, and who dials it is refused",
  async (address) => {
    const reservation = reserve(address, 0);
    const { port } = reservation;
    expect(await codeOf(createServer().listen(port, address))).toBe("EADDRINUSE");
    expect(await codeOf(connect(port, address))).toBe("ECONNREFUSED");
    reservation.release();
    reservation.release();
    const server = createServer().listen(port, address);
    await once(server, "listening");
    server.close();
  },
);

test("a port that another program listens on can't be reserved", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(reservePort(systemCalls(), { address: "127.0.0.1", port })).toEqual({ errno: 98 });
  server.close();
});

test("another machine's address is as good where the gateway speaks for it, and else not available", () => {
  const foreign = { address: "198.51.100.7", port: 0 };
  const reservation = reservePort(systemCalls(), foreign, true);
  if ("errno" in reservation) throw new Error(`errno ${reservation.errno}`);
  expect(reservation.port).toBeGreaterThan(0);
  reservation.release();
  expect(reservePort(systemCalls(), foreign)).toEqual({ errno: 99 });
});

test("a port whose last connection is in TIME_WAIT can be reserved", async () => {
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: "127.0.0.1" }).resume();
  await once(client, "close");
  server.close();
  await once(server, "close");
  reserve("127.0.0.1", port).release();
});
