// Gateways inside another program: two of them side by side, and nothing of them left when they have stopped.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { expect, onTestFinished, test, vi } from "vitest";
import { createGateway, type Configuration, type EmbeddedGateway } from "../../src/process/embedded-gateway.ts";
import { openDialogue, readAll, type Dialogue } from "../gateway/ftp-dialogue.ts";
import { passive, setServer } from "../gateway/stage.ts";
import { makeCertificate } from "../tls/made-certificate.ts";

vi.setConfig({ testTimeout: 30_000 });

const run = promisify(execFile);

function portAt(listener = ""): number {
  return Number(listener.split(":").at(-1));
}

async function start(
  configuration: Configuration,
  log?: (line: string) => void,
): Promise<{ gateway: EmbeddedGateway; port: number }> {
  const gateway = await createGateway(configuration, log && { log });
  onTestFinished(() => gateway.stop());
  const [first] = await gateway.start();
  return { gateway, port: portAt(first?.listeners[0]) };
}

function inFrontOf(serverPort: number, rest: object = {}): Configuration {
  const route = { server: `127.0.0.1:${serverPort}` };
  return { gateways: [{ name: "one", listen: "127.0.0.1:0", route, dataPlane: "relay", ...rest }] };
}

async function login(port: number): Promise<Dialogue> {
  const client = await openDialogue(port);
  onTestFinished(() => client.close());
  await client.login();
  return client;
}

/** One download, and QUIT. */
async function downloadAndLeave(port: number): Promise<void> {
  const client = await login(port);
  const data = await passive(client);
  client.write("RETR x\r\n");
  await readAll(data);
  data.end();
  while (!(await client.reply()).startsWith("226"));
  await client.ask("QUIT");
  await client.rest();
}

const sessionsIn = (exposition: string): string | undefined =>
  /^ftp_alg_sessions_total\{gateway="one",end="quit"\} (\d+)$/m.exec(exposition)?.[1];

test("two gateways in one process have metrics, events, a log and an end of their own", async () => {
  const server = await setServer();
  const logs = { first: [] as string[], second: [] as string[] };
  const first = await start(inFrontOf(server.port), (line) => logs.first.push(line));
  const second = await start(inFrontOf(server.port), (line) => logs.second.push(line));
  const told: string[] = [];
  for (const [name, { gateway }] of Object.entries({ first, second })) {
    gateway.events.on("transfer-ended", ({ transfer }) => told.push(`${name} ${transfer.verb} ${transfer.outcome}`));
    gateway.events.on("session-ended", ({ end }) => told.push(`${name} ${end?.reason}`));
  }
  await downloadAndLeave(first.port);
  await vi.waitFor(() => expect(told).toEqual(["first RETR complete", "first quit"]));
  expect(sessionsIn(await first.gateway.metrics())).toBe("1");
  expect(sessionsIn(await second.gateway.metrics())).toBe("0");
  expect(logs.first.filter((line) => line.includes("session started"))).toHaveLength(1);
  expect(logs.second.filter((line) => line.includes("session started"))).toEqual([]);

  await first.gateway.stop();
  await downloadAndLeave(second.port);
  await vi.waitFor(() => expect(told.slice(2)).toEqual(["second RETR complete", "second quit"]));
});

test("the series of the process are left to the program that embeds the gateway", async () => {
  const { gateway } = await start(inFrontOf(1));
  expect(await gateway.metrics()).not.toMatch(/^(process|nodejs)_/m);
});

test("a TLS session of one gateway is not resumed by another in the same process", async () => {
  const server = await setServer();
  const { certFile: cert, keyFile: key } = makeCertificate();
  const configuration: Configuration = {
    tls: { certificates: { cert, key } },
    gateways: [
      {
        ...{ listen: { endpoint: "127.0.0.1:0", tls: "implicit" }, policy: { tls: "terminate" } },
        ...{ route: { server: `127.0.0.1:${server.port}` }, dataPlane: "relay" },
      },
    ],
  };
  const first = await start(configuration);
  const second = await start(configuration);
  const begin = async (port: number, options: ConnectionOptions = {}): Promise<TLSSocket> => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
    onTestFinished(() => void socket.destroy());
    socket.resume();
    await once(socket, "secureConnect");
    return socket;
  };
  const socket = await begin(first.port, { maxVersion: "TLSv1.2" });
  const session = socket.getSession() ?? Buffer.alloc(0);
  expect((await begin(first.port, { session, maxVersion: "TLSv1.2" })).isSessionReused()).toBe(true);
  expect((await begin(second.port, { session, maxVersion: "TLSv1.2" })).isSessionReused()).toBe(false);
});

test("a configuration with mistakes is refused with each of them and its path", async () => {
  const wrong = { gateways: [{ listen: "nowhere", route: { server: "127.0.0.1:70000" } }] };
  await expect(createGateway(wrong)).rejects.toThrow(/^gateways\[0\]\.listen.*\ngateways\[0\]\.route\.server/);
  await expect(createGateway("gateways: [")).rejects.toThrow("line 1");
  const several = { workers: 2, gateways: [{ listen: "127.0.0.1:0", route: { server: "127.0.0.1:1" } }] };
  await expect(createGateway(several)).rejects.toThrow("workers: a gateway inside another program is of one process");
});

test("a configuration may be a text of YAML, with the variables that it is given", async () => {
  const server = await setServer();
  const text = 'gateways: [{ listen: "127.0.0.1:0", route: { server: "${SERVER}" }, dataPlane: relay }]';
  const gateway = await createGateway(text, { environment: { SERVER: `127.0.0.1:${server.port}` } });
  onTestFinished(() => gateway.stop());
  const [{ listeners, gateway: name } = { listeners: [], gateway: "" }] = await gateway.start();
  expect(name).toBe("gateway-1");
  await downloadAndLeave(portAt(listeners[0]));
});

test("a gateway that can't listen says where, and can be stopped; one is started once", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void taken.close());
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const gateway = await createGateway(inFrontOf(1, { listen: `127.0.0.1:${port}` }));
  await expect(gateway.start()).rejects.toThrow(`127.0.0.1:${port}`);
  await gateway.stop();
  await expect(gateway.start()).rejects.toThrow("started once");
  await expect((await createGateway(inFrontOf(1))).reload(inFrontOf(1))).rejects.toThrow("not been started");
});

test("a reload holds for new sessions, one that is wrong changes nothing, and both are told", async () => {
  const server = await setServer();
  const listen = `127.0.0.1:${portAt((await start(inFrontOf(server.port))).gateway && "0")}`;
  const { gateway, port } = await start(inFrontOf(server.port, { listen }));
  const results: string[] = [];
  gateway.events.on("reload", ({ result }) => results.push(result));
  const denied = inFrontOf(server.port, { listen, policy: { commands: { deny: ["PWD"] } } });
  await gateway.reload(denied);
  expect(await (await login(port)).ask("PWD")).toMatch(/^502 /);
  await expect(gateway.reload({ gateways: [] })).rejects.toThrow("gateways: needs at least one");
  expect(await (await login(port)).ask("PWD")).toMatch(/^502 /);
  await vi.waitFor(() => expect(results).toEqual(["success", "failure"]));
});

test("a drain lets a transfer end and takes nobody new", async () => {
  let finish = (): void => {};
  const server = await setServer({
    async RETR(s) {
      s.say("150 Here it comes");
      const data = await s.data();
      data.write("the beginning, ");
      finish = () => {
        data.end("the end");
        s.say("226 Done");
      };
    },
  });
  const { gateway, port } = await start(inFrontOf(server.port));
  const client = await login(port);
  const data = await passive(client);
  expect(await client.ask("RETR x")).toMatch(/^150 /);
  const received = readAll(data);
  await once(data, "data");
  const drained = gateway.drain();
  await expect(openDialogue(port)).rejects.toThrow("ECONNREFUSED");
  finish();
  expect((await received).bytes.toString()).toContain("the end");
  data.end();
  await drained;
});

/** A program of its own: what it prints, once it has ended by itself. */
async function play(program: string): Promise<string> {
  const entry = new URL("../../src/process/embedded-gateway.ts", import.meta.url).href;
  const begin = `import { createGateway } from ${JSON.stringify(entry)};\nimport { connect } from "node:net";\n`;
  const flags = ["--input-type=module", "--no-warnings", "--eval", begin + program];
  const { stdout } = await run(process.execPath, flags, { timeout: 25_000 });
  return stdout;
}

const gatewayText = `{ gateways: [{ listen: "127.0.0.1:0", route: { server: "127.0.0.1:1" }, timeouts: { connect: "100ms" } }], admin: { listen: "127.0.0.1:0" } }`;

test("a program whose gateways have stopped ends by itself, and no resource is left", async () => {
  const printed = await play(`
    const before = process.getActiveResourcesInfo().toSorted();
    for (let count = 0; count < 3; count++) {
      const gateway = await createGateway(${gatewayText});
      const [{ listeners }] = await gateway.start();
      const socket = connect(Number(listeners[0].split(":").at(-1)), "127.0.0.1");
      socket.once("data", () => socket.end("QUIT\\r\\n"));
      await new Promise((resolve) => socket.on("close", resolve));
      await gateway.drain();
      await gateway.stop();
    }
    await (await createGateway(${gatewayText})).stop();
    await new Promise(setImmediate);
    console.log(JSON.stringify([before, process.getActiveResourcesInfo().toSorted()]));`);
  const [before, after] = JSON.parse(printed) as [string[], string[]];
  expect(after).toEqual(before);
});

test("a listener that throws is an uncaught exception of the program, and the session goes on", async () => {
  const printed = await play(`
    process.on("uncaughtException", ({ message }) => console.log("uncaught", message));
    const gateway = await createGateway(${gatewayText});
    gateway.events.on("session-started", () => { throw new Error("of the listener"); });
    const [{ listeners }] = await gateway.start();
    const socket = connect(Number(listeners[0].split(":").at(-1)), "127.0.0.1");
    socket.once("data", (text) => {
      console.log(String(text).slice(0, 3));
      socket.end("QUIT\\r\\n");
    });
    await new Promise((resolve) => socket.on("close", resolve));
    await gateway.stop();`);
  expect(printed).toBe("uncaught of the listener\n421\n");
});
