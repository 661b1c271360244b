// A gateway process on loopback that Debian's Prometheus scrapes, as the scrape configuration of deploy/ has it but for times and
// ports, and clients that do what clients do, good and bad, until told to stop.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { download, startFakeServer } from "../gateway/fake-server.ts";
import { freePort } from "../gateway/stage.ts";
import { openDialogue, portOf, readAll, dialData, type Dialogue } from "../gateway/ftp-dialogue.ts";
import { labHome, labMark, startKeeper } from "./keeper.ts";
import { start, type Running } from "./process.ts";
import { program } from "./programs.ts";

const root = path.resolve(import.meta.dirname, "../..");
export const deployFolder = path.join(root, "deploy");

export type PrometheusSample = { readonly metric: Readonly<Record<string, string>>; readonly value: number };

export type MonitoredGateway = {
  /** The text of the gateway's own /metrics. */
  metrics(): Promise<string>;
  /** Rejects with Prometheus' own words where the expression is wrong. */
  query(expression: string): Promise<readonly PrometheusSample[]>;
  /** An endpoint of Prometheus' API below /api/v1/; its `data`. */
  api(request: string): Promise<unknown>;
  stop(): Promise<void>;
};

export async function startMonitoredGateway(): Promise<MonitoredGateway> {
  const lab = `ftpalg-${process.pid}-0`;
  const folder = path.join(labHome(), lab);
  await mkdir(folder);
  // However the test ends, nothing stays.
  const env = { [labMark]: lab };
  const keeper = startKeeper(folder, [], {});
  const server = await startFakeServer({
    PASS: (s, password) => s.say(password === "wrong" ? "530 Not so" : "230 Logged in"),
    RETR(s, name) {
      if (name === "slow") return s.say("150 In a while");
      // Many servers answer only once they have the data connection.
      return name === "nobody" ? undefined : download()(s, name);
    },
  });
  const config = path.join(folder, "config.yml");
  await writeFile(config, stringify(gatewayConfig(server.port, await freePort())));
  const main = path.join(root, "src/main.ts");
  const gateway = start([process.execPath, main, "run", "--config", config], { env });
  const admin = /"endpoint":"([^"]*)"/.exec(await gateway.line(/admin listening/))?.[1] ?? "";
  const ports = await listeningPorts(gateway);
  const prometheus = await startPrometheus(folder, admin, env);
  const traffic = keepBusy(ports);
  const api = async (request: string): Promise<unknown> => {
    const answer = await fetch(`http://${prometheus.endpoint}/api/v1/${request}`);
    const { status, data, error } = (await answer.json()) as { status: string; data: unknown; error?: string };
    if (status !== "success") throw new Error(`${decodeURIComponent(request)}: ${error ?? status}`);
    return data;
  };
  return {
    metrics: async () => (await fetch(`http://${admin}/metrics`)).text(),
    api,
    async query(expression) {
      const data = (await api(`query?query=${encodeURIComponent(expression)}`)) as {
        readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
      };
      return data.result.map(({ metric, value: [, value] }) => ({
        metric,
        value: Number(value.replace("Inf", "Infinity")),
      }));
    },
    async stop() {
      await keeper.release();
      await Promise.all([gateway.ended, prometheus.process.ended, traffic.stop()]);
      server.stop();
    },
  };
}

function gatewayConfig(serverPort: number, closedPort: number): object {
  const gateway = (name: string, port: number, rest: object = {}) => ({
    ...{ name, listen: ["127.0.0.1:0"], route: { server: `127.0.0.1:${port}` }, dataPlane: "relay" },
    clientSide: { dataPorts: dataPorts[name] },
    timeouts: { pinhole: "1s", connect: "500ms" },
    ...rest,
  });
  return {
    admin: { listen: "127.0.0.1:0" },
    gateways: [
      gateway("public", serverPort, {
        limits: { loginFailures: { within: "10m", most: 3, ban: "1m", banMost: "1h" } },
      }),
      gateway("away", closedPort),
    ],
  };
}

const dataPorts: Readonly<Record<string, string>> = { public: "23100-23199", away: "23200-23209" };

async function listeningPorts(gateway: Running): Promise<Ports> {
  await gateway.line(/"gateway":"away".*"msg":"listening"|"msg":"listening".*"gateway":"away"/);
  const portOfGateway = (name: string): number => {
    const line = gateway
      .output()
      .split("\n")
      .find((text) => text.includes('"listening"') && text.includes(`"${name}"`));
    return Number(/"endpoint":"127\.0\.0\.1:(\d+)"/.exec(line ?? "")?.[1]);
  };
  return { public: portOfGateway("public"), away: portOfGateway("away") };
}

async function startPrometheus(folder: string, target: string, env: Record<string, string>) {
  const { path: binary } = await program("prometheus");
  const file = path.join(deployFolder, "prometheus/prometheus.yml");
  const scrape = parse(await readFile(file, "utf8")) as {
    scrape_configs: { scrape_interval: string; static_configs: { targets: string[] }[] }[];
    rule_files: string[];
  };
  for (const job of scrape.scrape_configs) {
    job.scrape_interval = "500ms";
    job.static_configs = [{ targets: [target] }];
  }
  const rules = scrape.rule_files.map((name) => path.join(deployFolder, "prometheus", name));
  const config = path.join(folder, "prometheus.yml");
  await writeFile(config, stringify({ global: { evaluation_interval: "1s" }, ...scrape, rule_files: rules }));
  const endpoint = `127.0.0.1:${await freePort()}`;
  const command = [
    ...[binary, `--config.file=${config}`, `--storage.tsdb.path=${path.join(folder, "data")}`],
    ...[`--web.listen-address=${endpoint}`, "--enable-feature=exemplar-storage"],
  ];
  const prometheus = start(command, { env });
  await prometheus.line(/Server is ready to receive web requests/, 30_000);
  return { process: prometheus, endpoint };
}

type Ports = { readonly public: number; readonly away: number };

/** Rounds of clients, one after the other; one transfer runs all the time. */
function keepBusy(ports: Ports) {
  let isOver = false;
  const rounds = (async () => {
    const held = await openDialogue(ports.public);
    await held.login();
    const data = await dialData(portOf(await held.ask("PASV")));
    await held.ask("RETR slow");
    const next = (): Promise<void> =>
      isOver
        ? Promise.resolve()
        : playRound(ports)
            .then(() => sleep(100))
            .then(next);
    await next();
    data.destroy();
    held.close();
  })();
  return {
    async stop() {
      isOver = true;
      await rounds;
    },
  };
}

async function playRound(ports: Ports): Promise<void> {
  await Promise.allSettled([
    wellBehaved(ports.public),
    pinholeThatNobodyUses(ports.public),
    unreachableClient(ports.public),
    wrongPassword(ports.public),
    openDialogue(ports.away).then((client) => client.rest()),
  ]);
}

async function wellBehaved(port: number): Promise<void> {
  const client = await openDialogue(port);
  await client.login();
  await client.ask("AUTH TLS");
  client.write("NOOP\n");
  await client.reply();
  for (const command of ["RETR x", "LIST", "STOR y"]) {
    const data = await dialData(portOf(await client.ask("PASV")));
    client.write(`${command}\r\n`);
    if (command.startsWith("STOR")) data.end("some bytes");
    await readAll(data);
    data.end();
    while (!/^[2-5]/.test(await client.reply()));
  }
  await client.ask("QUIT");
  client.close();
}

async function pinholeThatNobodyUses(port: number): Promise<void> {
  const client = await openDialogue(port);
  await client.login();
  const pinhole = portOf(await client.ask("PASV"));
  // A stranger's connection is closed at once.
  const stranger = connect({ host: "127.0.0.1", port: pinhole, localAddress: "127.0.0.9" }).on("error", () => {});
  await client.ask("RETR nobody");
  stranger.destroy();
  client.close();
}

async function unreachableClient(port: number): Promise<void> {
  const client = await openDialogue(port);
  await client.login();
  const closed = await freePort();
  await client.ask(`PORT 127,0,0,1,${closed >> 8},${closed & 255}`);
  client.write("RETR x\r\n");
  while (!/^[2-5]/.test(await client.reply()));
  client.close();
}

/** From an address of its own, which is banned before long. */
async function wrongPassword(port: number): Promise<void> {
  const client: Dialogue = await openDialogue(port, "127.0.0.1", "127.0.0.8");
  await client.reply();
  await client.ask("USER anna");
  await client.ask("PASS wrong");
  client.close();
}
