// Our own gateway, started as a user would start it, one process for each data plane.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { labFile } from "../../lab/lab.ts";
import type { Running } from "../../lab/process.ts";
import type { Candidate, Contender, Entrance } from "../contender.ts";
import { parseExposition, type Sample } from "../exposition.ts";
import { planes, type Plane } from "../options.ts";
import { edgeAddress, serverAddress, serverPorts, startInEdge, type Stage } from "../stage.ts";

/** A checkout whose gateway is measured. `suffix` stands behind its name, `offset` is added to its ports. */
export type Build = {
  readonly root: string;
  readonly suffix: string;
  readonly offset: number;
  readonly kernel: string;
  readonly limits: string;
  /** Keys of the admin listener beside `listen`. */
  readonly admin: string;
  readonly workers: number;
};

export const ourBuild: Build = {
  root: path.resolve(import.meta.dirname, "../../.."),
  suffix: "",
  offset: 0,
  kernel: "{ table: ftp_alg, mark: 0x46000000, mask: 0xff000000 }",
  limits:
    "{ sessions: 100000, sessionsPerClient: 100000, preLogin: 100%, connectsPerSecond: { rate: 1000000 }, commandsPerSecond: { rate: 1000000 }, pinholesPerClient: 100000 }",
  admin: ", open: true",
  workers: 1,
};

/** The same with so many workers. */
export function withWorkers(workers: number): Build {
  const kernel = "{ table: ftp_alg_workers, mark: 0x48000000, mask: 0xff000000 }";
  return { ...ourBuild, suffix: `, ${workers} workers`, offset: 2 * planes.length, kernel, workers };
}

/** Another commit of this repository, installed in `folder`. */
export function otherBuild(folder: string): Build {
  // Keys that every commit knows.
  const limits = "{ sessions: 100000, sessionsPerClient: 100000 }";
  const kernel = "{ table: ftp_alg_other, mark: 0x47000000, mask: 0xff000000 }";
  return {
    root: folder,
    suffix: " of the other checkout",
    offset: planes.length,
    kernel,
    limits,
    admin: "",
    workers: 1,
  };
}

/**
 * Below the ports that the system hands out, and so many that they suffice while others rest. The planes may share them:
 * one is measured at a time.
 */
const dataPorts: Readonly<Record<PlainServerName, { readonly client: string; readonly server: string }>> = {
  light: { client: "3000-12499", server: "12500-21999" },
  vsftpd: { client: "22000-26499", server: "26500-30999" },
};

type PlainServerName = "light" | "vsftpd";

function configuration(build: Build, plane: Plane): string {
  const gateway = (server: PlainServerName, serverPort: number): string => `
  - name: ${server}
    listen: ["${edgeAddress}:${port(build, plane, server)}"]
    route: { server: "${serverAddress}:${serverPort}" }
    clientSide: { dataPorts: ${dataPorts[server].client} }
    serverSide: { dataPorts: ${dataPorts[server].server} }
    dataPlane: ${plane}
    limits: ${build.limits}`;
  return `admin: { listen: "${edgeAddress}:${adminPort(build, plane)}"${build.admin} }
kernel: ${build.kernel}${build.workers === 1 ? "" : `\nworkers: ${build.workers}`}
gateways: ${gateway("light", serverPorts.plain)}${gateway("vsftpd", serverPorts.vsftpd)}
`;
}

const numberOf = ({ offset }: Build, plane: Plane): number => offset + planes.indexOf(plane);
const port = (build: Build, plane: Plane, server: PlainServerName): number =>
  (server === "light" ? 2101 : 2111) + numberOf(build, plane);
const adminPort = (build: Build, plane: Plane): number => 9121 + numberOf(build, plane);

/** What a gateway counts. */
export async function readMetrics({ python }: Pick<Stage, "python">, url: string): Promise<Sample[]> {
  const reader = python("client", "get.py", [url]);
  await reader.ended;
  return parseExposition(reader.output());
}

/** Transfers that another plane carried. */
function strays(samples: readonly Sample[], plane: Plane): string | undefined {
  const counts = new Map<string, number>();
  for (const { name, labels, value } of samples) {
    if (name !== "ftp_alg_transfers_total") continue;
    const carrier = labels["plane"] ?? "";
    counts.set(carrier, (counts.get(carrier) ?? 0) + value);
  }
  if (counts.size === 0) return "no transfer was counted";
  const others = [...counts].filter(([carrier, count]) => carrier !== plane && count > 0);
  if (others.length === 0) return undefined;
  return `transfers were carried by ${others.map(([carrier, count]) => `${carrier} (${count})`).join(", ")}`;
}

/** What the gateway wrote at warn or above, shortened. */
export async function complaints(log: string): Promise<string> {
  const text = await readFile(log, "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => !/"level":"?(info|debug|trace|[123]0)/.test(line));
  return lines.join(" ").trim().slice(0, 300);
}

async function end(gateway: Running, patienceMs: number): Promise<void> {
  // A profile is written only by a process that ends in good order.
  gateway.kill("SIGTERM");
  await Promise.race([gateway.ended, sleep(patienceMs)]);
  gateway.kill("SIGKILL");
  await gateway.ended;
}

/** `log` is the file that its output goes to. */
export async function startOurs(
  { lab }: Stage,
  { root, offset }: Build,
  name: string,
  configured: string,
  profiles: string | undefined,
): Promise<Pick<Contender, "stop"> & { readonly process: Running; readonly log: string }> {
  const file = await labFile(lab, `${name}${offset}.yml`, configured);
  const log = path.join(lab.folder, `${name}${offset}.log`);
  const profiling = profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`];
  const command = [process.execPath, ...profiling, path.join(root, "src/main.ts"), "run", "--config", file];
  const gateway = startInEdge(lab, command, log);
  return { process: gateway, log, stop: () => end(gateway, profiles === undefined ? 2000 : 20_000) };
}

export const ourGateway = (build: Build, plane: Plane, profiles: string | undefined): Candidate => ({
  name: plane + build.suffix,
  kind: "ours",
  async open(stage) {
    const text = configuration(build, plane);
    const { log, ...started } = await startOurs(stage, build, plane, text, profiles);
    const entrance = (server: PlainServerName): Entrance => ({
      host: edgeAddress,
      port: port(build, plane, server),
      user: "ftp",
      modes: ["passive", "active"],
    });
    const metrics = `http://${edgeAddress}:${adminPort(build, plane)}/metrics`;
    return {
      title: `**ftp-alg${build.suffix}, ${plane}**`,
      entrances: { light: entrance("light"), vsftpd: entrance("vsftpd") },
      ...started,
      metrics,
      log: () => complaints(log),
      async fault() {
        // The kernel reports the end of a transfer when it sees it, which may be after the server's 226.
        await sleep(200);
        const found = strays(await readMetrics(stage, metrics), plane);
        if (found === undefined) return undefined;
        const said = await complaints(log);
        return said === "" ? found : `${found} (${said})`;
      },
    };
  },
});
