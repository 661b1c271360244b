// A server, a gateway in front of it and clients, all of which are gone when the test that set them up is over.
import { once } from "node:events";
import { createServer } from "node:net";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { type FakeServer, type FakeServerOptions, type Script, startFakeServer } from "./fake-server.ts";
import { type DataEnd, dialData, type Dialogue, openDialogue, portOf, readAll } from "./ftp-dialogue.ts";
import { type Overrides, startGateway, type TestGateway } from "./start-gateway.ts";

export type Stage = {
  readonly server: FakeServer;
  readonly gateway: TestGateway;
  /** A client that has logged in. */
  readonly client: Dialogue;
};

export async function setServer(script?: Script, options?: FakeServerOptions): Promise<FakeServer> {
  const server = await startFakeServer(script, options);
  onTestFinished(() => server.stop());
  return server;
}

export async function setGateway(...args: Parameters<typeof startGateway>): Promise<TestGateway> {
  const gateway = await startGateway(...args);
  onTestFinished(() => gateway.stop());
  return gateway;
}

export async function setClient(gateway: TestGateway, host?: string, localAddress?: string): Promise<Dialogue> {
  const client = await openDialogue(gateway.port, host, localAddress);
  onTestFinished(() => client.close());
  return client;
}

export async function setStage(
  script: Script = {},
  overrides: Overrides = {},
  options: FakeServerOptions = {},
): Promise<Stage> {
  const server = await setServer(script, options);
  const gateway = await setGateway(server.port, overrides);
  const client = await setClient(gateway);
  await client.login();
  return { server, gateway, client };
}

/** Asks for a passive data connection and connects to it. */
export async function passive(client: Dialogue, command: "PASV" | "EPSV" = "PASV", host = "127.0.0.1") {
  return dialData(portOf(await client.ask(command)), { host });
}

/** A whole download; gives what was received, and leaves no reply unread. */
export async function downloadWhole(client: Dialogue, command: "PASV" | "EPSV" = "PASV"): Promise<DataEnd> {
  const data = await passive(client, command);
  client.write("RETR x\r\n");
  const received = await readAll(data);
  data.end();
  while (!/^[2-5]/.test(await client.reply()));
  return received;
}

/**
 * A port of 127.0.0.1 at which nobody listens, and which the system gives to nobody: of those that it gives, another test may get this
 * one before it is used. Each process has its own place to begin at.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowestFree + (nextFree++ % freeCount);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

const lowestFree = 10_000;
const freeCount = 9000;
let nextFree = (process.pid * 61) % freeCount;

/** Waits for what is sure to come soon, in real time. */
export async function until(condition: () => boolean | Promise<boolean>, ms = 3000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${condition.toString()}`);
    await sleep(5);
  }
}

const gauges = ["sessions_active", "pinholes_active", "transfers_active"];

/** What the gateway says is active, by sample; nothing in it is zero. */
export async function activeSamples(gateway: TestGateway): Promise<string[]> {
  const lines = (await gateway.metrics.text()).split("\n");
  const counted = lines.filter((line) => gauges.some((name) => line.startsWith(`ftp_alg_${name}{`)));
  const ports = lines.filter((line) => line.startsWith("ftp_alg_data_ports{") && line.includes('state="open"'));
  return [...counted, ...ports].filter((line) => !line.endsWith(" 0"));
}

/** Every session, pinhole, transfer and data port is given back. */
export async function expectNothingLeft(gateway: TestGateway, waitFor = until): Promise<void> {
  await waitFor(async () => (await activeSamples(gateway)).length === 0, 3000);
}
