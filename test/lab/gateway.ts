// The gateway of this project as a program on the edge, used from outside: a configuration file in, a log out.
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { labFile, type Lab } from "./lab.ts";
import { addresses, type Family } from "./topology.ts";

/** One entry of `gateways:` in the configuration file. */
export type GatewaySettings = {
  readonly listen: readonly (string | { readonly endpoint: string; readonly tls: string })[];
  readonly [key: string]: unknown;
};

export type LabGateway = {
  readonly pid: number;
  /** Everything it logged so far. */
  log(): string;
  /** The lines with that message, as objects. */
  logged(message: string): Record<string, unknown>[];
  /** Drains it; gives the exit code. */
  stop(): Promise<number | string>;
};

const main = path.resolve(import.meta.dirname, "../../src/main.ts");

const endpoint = (address: string, port: number): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

/** Listens towards the clients of one family, and speaks to the server over the same. */
export const fixedRoute = (family: Family, more: object = {}, ports = { listen: 21, server: 21 }): GatewaySettings => ({
  name: `fixed-${family}-${ports.listen}`,
  listen: [endpoint(addresses.edgeToClient[family], ports.listen)],
  route: { server: endpoint(addresses.server[family], ports.server) },
  clientSide: { dataPorts: "50000-50999" },
  serverSide: { dataPorts: "51000-51999" },
  ...more,
});

export const loginRoute = (family: Family, port: number): GatewaySettings => ({
  name: `login-${family}`,
  listen: [endpoint(addresses.edgeToClient[family], port)],
  route: { login: { allow: ["10.0.0.0/8", "fd00:2::/64"] } },
  clientSide: { dataPorts: "50000-50999" },
  serverSide: { dataPorts: "51000-51999" },
});

let started = 0;

export async function startGateway(
  lab: Lab,
  gateways: readonly GatewaySettings[],
  more: object = {},
): Promise<LabGateway> {
  const config = { log: { level: "info", format: "json" }, ...more, gateways };
  // JSON is YAML.
  const file = await labFile(lab, `gateway-${++started}.yaml`, JSON.stringify(config, null, 2));
  const running = lab.start("edge", [process.execPath, main, "run", "--config", file]);
  const expected = gateways.flatMap(({ listen }) => listen).length;
  const logged = (message: string): Record<string, unknown>[] =>
    running
      .output()
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line["msg"] === message);
  let ended: number | string | undefined;
  void running.ended.then((status) => (ended = status));
  for (let waited = 0; logged("listening").length < expected; waited += 20) {
    if (ended !== undefined || waited > 15_000) throw new Error(`the gateway does not listen:\n${running.output()}`);
    await sleep(20);
  }
  return {
    pid: running.pid,
    log: () => running.output(),
    logged,
    async stop() {
      running.kill("SIGTERM");
      return running.ended;
    },
  };
}
