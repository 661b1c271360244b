import { readFileSync } from "node:fs";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { handleOf } from "../../src/sockets/socket-handle.ts";
import { loadSocketCalls, placeText, sendLimit, sendMemory, type SocketCalls } from "../../src/sockets/socket-calls.ts";
import { sendUrgent } from "../dataplane/urgent.ts";
import { quiet } from "../virtual-time.ts";

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

function calls(): SocketCalls {
  const loaded = loadSocketCalls();
  if (!loaded.ok) throw new Error(loaded.reason);
  return loaded.calls;
}

const fdOf = (holder: Server | Socket): number => handleOf(holder)?.fd ?? -1;

async function connection(prepare: (server: Server) => void = () => {}, host = "127.0.0.1") {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, host);
  await once(server, "listening");
  prepare(server);
  const accepting = once(server, "connection") as Promise<[Socket]>;
  const client = connect((server.address() as AddressInfo).port, host);
  const [accepted] = await accepting;
  cleanups.push(() => (client.destroy(), accepted.destroy(), server.close()));
  return { server, client, accepted };
}

describe("urgent data", () => {
  const synch = Buffer.from("fff4ff", "hex");

  async function received(prepare: (server: Server) => void): Promise<string> {
    const { client, accepted } = await connection(prepare);
    const chunks: Buffer[] = [];
    accepted.on("data", (chunk: Buffer) => chunks.push(chunk));
    accepted.resume();
    sendUrgent(client, synch);
    client.write(Buffer.from("\xf2ABOR\r\n", "latin1"));
    await quiet();
    return Buffer.concat(chunks).toString("latin1");
  }

  test("stays in the stream of every socket that such a listener accepts", async () => {
    expect(await received((server) => calls().keepUrgentInline(fdOf(server)))).toBe("\xff\xf4\xff\xf2ABOR\r\n");
  });

  test("loses the byte that is marked otherwise", async () => {
    expect(await received(() => {})).toBe("\xff\xf4\xf2ABOR\r\n");
  });

  test("can't be kept by what is no socket", () => {
    expect(calls().keepUrgentInline(-1)).toBe(false);
  });
});

test.each([
  ["127.0.0.1", 4],
  ["::1", 6],
] as const)(
  "a connection to %s that nobody has redirected has its own end as destination, or none",
  async (host, family) => {
    const { server, accepted } = await connection(undefined, host);
    const { port } = server.address() as AddressInfo;
    expect([undefined, { address: host, port }]).toContainEqual(calls().originalDestination(fdOf(accepted), family));
  },
);

test.each([
  [true, "reset"],
  [false, "fin"],
] as const)("whether it is reset when it is closed (%s) holds for what a listener accepts", async (isOn, end) => {
  const set: boolean[] = [];
  const { client, accepted } = await connection((server) => {
    set.push(calls().resetWhenClosed(fdOf(server), true));
    if (!isOn) set.push(calls().resetWhenClosed(fdOf(server), false));
  });
  expect(set).not.toContain(false);
  const ended = new Promise((resolve) => {
    client.once("error", () => resolve("reset"));
    client.once("end", () => resolve("fin"));
  });
  client.resume();
  accepted.destroy();
  expect(await ended).toBe(end);
});

test("what a peer that reads nothing has not taken is counted; what is no connection has nothing", async () => {
  const { client } = await connection();
  client.write(Buffer.alloc(30_000_000));
  await expect.poll(() => calls().unacknowledgedBytes(fdOf(client))).toBeGreaterThan(0);
  expect(calls().unacknowledgedBytes(-1)).toBe(0);
});

describe("another machine's address", () => {
  /** CAP_NET_ADMIN (12) or CAP_NET_RAW (13). */
  const mayBind = (): boolean => {
    const [, effective = "0"] = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return (BigInt(`0x${effective}`) & 0x3000n) !== 0n;
  };

  test.each(["192.0.2.77", "2001:db8::77"])(
    "%s can be listened on where the process may, and says EPERM where not",
    async (address) => {
      const bind = (): number => calls().bindAnywhere({ address, port: 0 });
      if (!mayBind()) {
        expect(bind).toThrow("EPERM");
        return;
      }
      const server = createServer();
      server.listen({ fd: bind() });
      cleanups.push(() => server.close());
      await once(server, "listening");
      expect(server.address()).toMatchObject({ address });
    },
  );

  test("a port that is taken is told as such", async () => {
    const { server } = await connection();
    const { port } = server.address() as AddressInfo;
    const bind = (): number => calls().bindAnywhere({ address: "127.0.0.1", port });
    expect(bind).toThrow(mayBind() ? `bind EADDRINUSE 127.0.0.1:${port}` : "EPERM");
  });
});

test.each([0, 1, 256, 257, sendLimit])("a text of %d characters stands there byte for byte", (length) => {
  const text = Array.from({ length }, (_, at) => String.fromCharCode(at % 256)).join("");
  expect(placeText(text)).toBe(length);
  expect(sendMemory.toString("latin1", 0, length)).toBe(text);
});

test("of a longer one there is as much as there is room for", () => {
  expect(placeText("x".repeat(sendLimit + 1))).toBe(sendLimit);
});
