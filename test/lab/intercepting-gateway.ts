// A gateway on the edge whose clients know nothing of it: the ruleset, the routes, and the process itself as a user who may
// do nothing but what it is given.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { interceptionRuleset } from "../../src/gateway/entrance/interception-ruleset.ts";
import { labFile, type Lab } from "./lab.ts";
import type { Running } from "./process.ts";

export type Method = "redirect" | "tproxy";

export type InterceptingGateway = {
  /** Its log so far, the lines with that message. */
  logged(message: string): Record<string, unknown>[];
  output(): string;
  stop(): Promise<void>;
};

export type GatewaySetUp = {
  readonly method: Method;
  /** More keys of the route. */
  readonly route?: { readonly advertise?: "gateway" | "server"; readonly clientAddress?: boolean };
  /** What a user without privileges is given, as `net_raw`. */
  readonly capabilities: readonly string[];
  /** Those of servers that are intercepted; 21 where nothing is said. */
  readonly ports?: readonly number[];
  /** TLS begins there with the first byte. */
  readonly isImplicit?: boolean;
  /** More keys of the gateway. */
  readonly more?: object;
};

const root = path.resolve(import.meta.dirname, "../..");
const user = "65534";
const dataPorts = { first: 50_000, last: 50_999 };
const listen = [
  { address: "0.0.0.0", port: 2121 },
  { address: "::", port: 2121 },
];

/** A file of deploy/systemd/ftp-alg.service.d. */
export type DropIn = "kernel.conf" | "transparent.conf";

/** The capabilities that the unit gives the service, with those that a drop-in adds, as setpriv calls them. */
export async function grantedByUnit(dropIn?: DropIn): Promise<string[]> {
  const files = ["ftp-alg.service", ...(dropIn === undefined ? [] : [`ftp-alg.service.d/${dropIn}`])];
  const texts = await Promise.all(files.map((file) => readFile(path.join(root, "deploy/systemd", file), "utf8")));
  // Several of these lines add up.
  const granted = texts.flatMap((text) =>
    [...text.matchAll(/^AmbientCapabilities=(.+)$/gm)].map(([, names = ""]) => names),
  );
  return granted.flatMap((names) => names.split(" ")).map((name) => name.replace(/^CAP_/, "").toLowerCase());
}

async function mustRun(lab: Lab, command: readonly string[], input = ""): Promise<void> {
  const { status, stderr } = await lab.run("edge", command, { input });
  if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}

/** What the ruleset asks for besides itself stands in it as comments. */
async function intercept(lab: Lab, method: Method, ports: readonly number[]): Promise<void> {
  const ruleset = interceptionRuleset({
    name: "lab",
    listen,
    route: { method, ports, interface: "lan" },
    clientSide: { dataPorts },
    timeouts: { keepaliveMs: 60_000 },
  });
  await mustRun(lab, ["nft", "-f", "-"], ruleset);
  for (const [, command = ""] of ruleset.matchAll(/^# +(ip -.*)$/gm)) await mustRun(lab, command.split(" "));
}

/** `--ambient-caps` needs the capability to be inheritable; the bounding set takes everything else away for good. */
export function unprivileged(capabilities: readonly string[], command: readonly string[]): string[] {
  const given = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
  const identity = ["--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs"];
  return ["setpriv", ...identity, "--inh-caps", given, "--ambient-caps", given, "--bounding-set", given, ...command];
}

export function startGatewayProcess(lab: Lab, config: string, capabilities: readonly string[]): Running {
  const command = [process.execPath, path.join(root, "src/main.ts"), "run", "--config", config];
  return lab.start("edge", unprivileged(capabilities, command));
}

export async function startIntercepting(lab: Lab, setUp: GatewaySetUp): Promise<InterceptingGateway> {
  const { method, route = {}, capabilities, ports = [21], isImplicit = false, more = {} } = setUp;
  await intercept(lab, method, ports);
  const config = await labFile(
    lab,
    `transparent-${method}.yml`,
    JSON.stringify({
      log: { level: "info", format: "json" },
      gateways: [
        {
          name: "lab",
          listen: ["0.0.0.0:2121", "[::]:2121"].map((endpoint) =>
            isImplicit ? { endpoint, tls: "implicit" } : endpoint,
          ),
          route: { transparent: { method, ports, interface: "lan", ...route } },
          clientSide: { dataPorts: "50000-50999" },
          serverSide: { dataPorts: "51000-51999" },
          ...more,
        },
      ],
    }),
  );
  const running = startGatewayProcess(lab, config, capabilities);
  await running.line(/"\[::\]:2121".*"listening"|could not start/);
  if (running.output().includes("could not start")) throw new Error(running.output());
  return {
    logged: (message) =>
      running
        .output()
        .split("\n")
        .filter((line) => line.includes(`"msg":"${message}"`))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    output: () => running.output(),
    async stop() {
      running.kill("SIGTERM");
      await running.ended;
    },
  };
}
