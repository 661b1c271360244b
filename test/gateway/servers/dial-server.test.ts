// Reaching the server: late, past dead candidates, never longer than allowed, and never ourselves (D5.90).
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { dialServer } from "../../../src/gateway/servers/dial-server.ts";
import type { Endpoint } from "../../../src/net/endpoint.ts";
import { abortTransport, type Transport } from "../../../src/sockets/transport.ts";
import { silentEndpoint } from "../../silent-endpoint.ts";
import { freePort } from "../stage.ts";
import { testedSockets } from "../../sockets/tested-sockets.ts";
import { passUntil, sleep } from "../../virtual-time.ts";

const options = { dial: testedSockets.dial, timeoutMs: 600, retry: false, keepaliveMs: 60_000 };

type Outcome = { readonly transport?: Transport; readonly detail?: string; readonly ms: number };

function dial(candidates: readonly Endpoint[], changes: Partial<Parameters<typeof dialServer>[1]> = {}) {
  const startedAt = performance.now();
  const ms = (): number => performance.now() - startedAt;
  return new Promise<Outcome>((resolve) => {
    dialServer(
      candidates,
      { ...options, ...changes },
      {
        connected(transport) {
          onTestFinished(() => abortTransport(transport));
          resolve({ transport, ms: ms() });
        },
        failed: (detail) => resolve({ detail, ms: ms() }),
      },
    );
  });
}

async function listen(port = 0): Promise<Endpoint> {
  const server = createServer((socket) => void socket.on("error", () => {}));
  onTestFinished(() => void server.close());
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return { address: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

describe("a server", () => {
  test("that answers is connected to", async () => {
    const server = await listen();
    const { transport } = await dial([server]);
    expect(transport).toMatchObject({ peer: server, local: { address: "127.0.0.1" }, isClosed: false });
  });

  test("that refuses is named with the reason, at once", async () => {
    const port = await freePort();
    const { detail, ms } = await dial([{ address: "127.0.0.1", port }]);
    expect(detail).toBe(`127.0.0.1:${port} ECONNREFUSED`);
    expect(ms).toBe(0);
  });

  test("that refuses gives way to the next candidate", async () => {
    const port = await freePort();
    const { transport } = await dial([{ address: "127.0.0.1", port }, await listen()]);
    expect(transport).toBeDefined();
  });

  test("that starts late is reached where retrying is wanted", async () => {
    const port = await freePort();
    const dialled = dial([{ address: "127.0.0.1", port }], { retry: true, timeoutMs: 2000 });
    await sleep(300);
    await listen(port);
    expect(await passUntil(dialled)).toMatchObject({ transport: expect.anything(), ms: 500 });
  });

  test("that never starts is given up when the time is over, where retrying is wanted", async () => {
    const port = await freePort();
    const { detail, ms } = await passUntil(dial([{ address: "127.0.0.1", port }], { retry: true }));
    expect(detail).toBe(`127.0.0.1:${port} ECONNREFUSED`);
    expect(ms).toBe(500);
  });

  test("that all candidates fail to be is told with every one of them", async () => {
    const ports = [await freePort(), await freePort()];
    const { detail } = await dial(ports.map((port) => ({ address: "127.0.0.1", port })));
    expect(detail).toBe(ports.map((port) => `127.0.0.1:${port} ECONNREFUSED`).join(", "));
  });

  test("that stays silent leaves the next candidate its share of the time", async () => {
    const outcome = await passUntil(dial([await silentEndpoint(), await listen()], { timeoutMs: 1000 }));
    expect(outcome.transport).toBeDefined();
    expect(outcome.ms).toBe(500);
  });
});

test("a cancelled attempt reports nothing and leaves nothing open", async () => {
  let reports = 0;
  const events = { connected: () => void (reports += 1), failed: () => void (reports += 1) };
  const target = await listen();
  dialServer([target], options, events).cancel();
  dialServer([await silentEndpoint()], options, events).cancel();
  const retrying = dialServer([{ address: "127.0.0.1", port: await freePort() }], { ...options, retry: true }, events);
  await sleep(100);
  retrying.cancel();
  await sleep(700);
  expect(reports).toBe(0);
});
