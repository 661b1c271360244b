// `ftp-alg doctor`: what this machine offers to a configuration, what it lacks, and how to get it. It changes nothing.
import { readFile } from "node:fs/promises";
import type { Config, GatewayConfig } from "../config/config.ts";
import { ephemeralWarnings } from "../config/ephemeral.ts";
import { loadFfi } from "../sockets/ffi.ts";
import { loadLoopSockets } from "../sockets/loop/loop-sockets.ts";
import { examineKernelPlane } from "../dataplane/kernel/examination.ts";
import { nft } from "../dataplane/kernel/nftables/nft.ts";
import { loadSplicePlane } from "../dataplane/splice/splice.ts";
import { interceptionTable } from "../gateway/entrance/interception-ruleset.ts";
import { type Capability, parseCapabilities } from "./capabilities.ts";
import type { Io } from "../process/io.ts";
import { descriptorShortage, readDescriptorLimit } from "../process/descriptors.ts";
import { plannedPlanes } from "../process/planes.ts";
import { examineRedis } from "../process/shared/examine-redis.ts";
import { shownUrl } from "../process/shared/redis-url.ts";
import { readMachinePorts } from "./port-ranges.ts";
import { paintFor, type Paint } from "./style.ts";
import { wrapped } from "./wrapped.ts";

/** `missing`: the configuration asks for it by name. `note`: good to know, and things work without it. */
export type Finding = { readonly verdict: "ok" | "note" | "missing"; readonly what: string; readonly text: string };

/** 0 if everything that the configuration names is available, else 1. */
export async function doctor(config: Config, io: Pick<Io, "out" | "columns" | "env">): Promise<number> {
  const capabilities = parseCapabilities(await readFile("/proc/self/status", "utf8").catch(() => ""));
  const findings = [
    ...programFindings(capabilities),
    loopFinding(config),
    descriptorFinding(await readDescriptorLimit(), config),
    ...(await planeFindings(config)),
    ...(await routeFindings(config, capabilities)),
    ...(await portFindings(config, capabilities)),
    ...(await sharedFindings(config)),
  ];
  const look = { width: io.columns, paint: paintFor(io) };
  io.out(findings.map((finding) => formatFinding(finding, look)).join(""));
  return findings.some(({ verdict }) => verdict === "missing") ? 1 : 0;
}

const looks = { ok: "green", note: "yellow", missing: "red" } as const;

/** One line; on a terminal as many as its width asks for, the verdict in colour. `width`: of the terminal. */
export function formatFinding(
  { verdict, what, text }: Finding,
  { width, paint }: { readonly width: number | undefined; readonly paint: Paint },
): string {
  const first = verdict.padEnd(8);
  const said = `${what}: ${text}`;
  const lines = width === undefined ? [first + said] : wrapped(said, first, width);
  return `${paint(looks[verdict], verdict)}${lines.join("\n").slice(verdict.length)}\n`;
}

function programFindings(capabilities: ReadonlySet<Capability>): Finding[] {
  const loaded = loadFfi();
  const held =
    capabilities.size > 0 ? [...capabilities].join(", ") : "none of CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW";
  return [
    { verdict: "ok", what: "capabilities", text: held },
    loaded.ok
      ? { verdict: "ok", what: "koffi", text: "loads" }
      : { verdict: "note", what: "koffi", text: `${loaded.reason}; npm install koffi` },
  ];
}

function loopFinding({ driver }: Config): Finding {
  const what = "event loop";
  const loaded = loadLoopSockets({ runTicks() {} });
  if (!loaded.ok) return { verdict: driver === "loop" ? "missing" : "note", what, text: loaded.reason };
  return {
    verdict: "ok",
    what,
    text: driver === "loop" ? "in use" : "available: driver: loop takes less of the processor",
  };
}

/** Of the limit that a process has which is started here, as this one was. */
export function descriptorFinding(limit: number | undefined, config: Config): Finding {
  const shortage = descriptorShortage(limit, config);
  const what = "descriptors";
  if (shortage !== undefined) return { verdict: "note", what, text: shortage };
  return { verdict: "ok", what, text: limit === undefined ? "limit unknown" : `${limit} suffice for all sessions` };
}

async function planeFindings(config: Config): Promise<Finding[]> {
  const findings: Finding[] = [{ verdict: "ok", what: "data plane relay", text: "available" }];
  const isPlanned = (name: "splice" | "kernel") =>
    config.gateways.some((gateway) => plannedPlanes(gateway).includes(name));
  const unlessNamed = (name: "splice" | "kernel") =>
    config.gateways.some(({ dataPlane }) => dataPlane === name) ? "missing" : "note";

  if (isPlanned("splice")) {
    const splice = loadSplicePlane();
    if (splice.ok) await splice.plane.stop();
    findings.push(
      splice.ok
        ? { verdict: "ok", what: "data plane splice", text: "available" }
        : { verdict: unlessNamed("splice"), what: "data plane splice", text: splice.reason },
    );
  }
  if (isPlanned("kernel")) {
    const { obstacles, remarks } = await examineKernelPlane(config.kernel);
    const what = "data plane kernel";
    if (obstacles.length === 0) findings.push({ verdict: "ok", what, text: "available" });
    for (const text of obstacles) findings.push({ verdict: unlessNamed("kernel"), what, text });
    for (const text of remarks) findings.push({ verdict: "note", what, text });
  }
  return findings;
}

/** A Redis that is away is no reason not to start. */
async function sharedFindings({ shared }: Config): Promise<Finding[]> {
  if (shared === undefined) return [];
  const found = await examineRedis(shared.redis, shared.prefix);
  const what = `shared.redis ${shownUrl(shared.redis)}`;
  if ("reason" in found) return [{ verdict: "note", what, text: `${found.reason}; each process counts by itself` }];
  const text = `answers in ${found.ms.toFixed(1)} ms`;
  if (found.ms <= shared.timeoutMs) return [{ verdict: "ok", what, text }];
  return [{ verdict: "note", what, text: `${text}, longer than shared.timeout: each process counts by itself` }];
}

async function routeFindings(config: Config, capabilities: ReadonlySet<Capability>): Promise<Finding[]> {
  const found = await Promise.all(config.gateways.map((gateway) => routeFindingsOf(gateway, capabilities)));
  return found.flat();
}

async function routeFindingsOf(gateway: GatewayConfig, capabilities: ReadonlySet<Capability>): Promise<Finding[]> {
  const { route, name } = gateway;
  const what = `gateway ${name}, route ${route.kind}`;
  if (route.kind !== "transparent") return [{ verdict: "ok", what, text: "needs nothing of this machine" }];
  const findings: Finding[] = [];
  if (!loadFfi().ok) findings.push({ verdict: "missing", what, text: "needs koffi: npm install koffi" });
  if (route.method === "tproxy" && !capabilities.has("CAP_NET_ADMIN") && !capabilities.has("CAP_NET_RAW")) {
    findings.push({ verdict: "missing", what, text: "method tproxy needs CAP_NET_RAW or CAP_NET_ADMIN" });
  }
  const table = interceptionTable(name);
  const listed = await nft(["list", "table", "inet", table]);
  if (!listed.ok) {
    const text = `table inet ${table} can't be seen (${listed.detail}); load it: ftp-alg ruleset --config FILE | nft -f -`;
    // A user who may not list tables may still have one.
    findings.push({ verdict: capabilities.has("CAP_NET_ADMIN") ? "missing" : "note", what, text });
  }
  return findings.length > 0 ? findings : [{ verdict: "ok", what, text: `available, table inet ${table} is loaded` }];
}

async function portFindings(config: Config, capabilities: ReadonlySet<Capability>): Promise<Finding[]> {
  const findings: Finding[] = [];
  const text = await readFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", "latin1").catch(() => "1024");
  const lowest = capabilities.has("CAP_NET_BIND_SERVICE") ? 1 : Number(text.trim());
  for (const { name, listen } of config.gateways) {
    for (const { port } of listen.filter((endpoint) => endpoint.port !== 0 && endpoint.port < lowest)) {
      const cure = "needs CAP_NET_BIND_SERVICE, or a socket that systemd hands over";
      findings.push({ verdict: "missing", what: `gateway ${name}, port ${port}`, text: cure });
    }
  }
  findings.push(
    lowest <= 20
      ? { verdict: "ok", what: "source port 20", text: "can be had for data connections in active mode" }
      : {
          verdict: "note",
          what: "source port 20",
          text: "needs CAP_NET_BIND_SERVICE; data connections in active mode come from another port",
        },
  );
  const machine = await readMachinePorts();
  for (const { path, message } of machine ? ephemeralWarnings(config, machine) : []) {
    findings.push({ verdict: "note", what: path, text: message });
  }
  return findings;
}
