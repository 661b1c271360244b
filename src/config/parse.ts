// Parser of the configuration: YAML text → `Config`, or every problem with its path. Pure: reading the file and asking the
// machine is the caller's.
import type { CertificateFiles, GatewayRoute } from "../gateway/options.ts";
import type { Policy, PolicyEntry, TlsDemand } from "../session/options.ts";
import type { Config, GatewayConfig, ParsedConfig, Position, Problem } from "./config.ts";
import { composeTls, demandOf, demandOfAll } from "./compose-tls.ts";
import { conflictsOf } from "./conflicts.ts";
import { readDocument } from "./document.ts";
import type { Environment } from "./environment.ts";
import { messageOf, problemsOf, withoutEchoes } from "./problems.ts";
import { fileSchema } from "./schema.ts";
import type { FileSettings } from "./schema.ts";
import { defaultName } from "./settings.ts";
import { checksOf } from "./pool.ts";
import { sliceProblems } from "./slices.ts";
import { tlsMistakes } from "./tls-mistakes.ts";

type GatewaySettings = FileSettings["gateways"][number];

/** Never throws, whatever the text. Variables are those of `environment`. */
export function parseConfig(text: string, environment: Environment = {}): ParsedConfig {
  const read = readDocument(text, environment);
  if ("faults" in read) return { ok: false, problems: read.faults };
  const { positionOf } = read;
  const parsed = configFrom(read.document);
  if (parsed.ok && read.problems.length === 0) return parsed;
  // What is wrong with a value whose variable is not set says nothing.
  const unset = new Set(read.problems.map(({ path }) => path));
  const others = parsed.ok ? [] : parsed.problems.filter(({ path }) => !unset.has(path));
  return { ok: false, problems: [...read.problems, ...others].map((problem) => located(problem, positionOf)) };
}

/** A warning about a configuration that is right, with its place in the text. */
export function locate(problem: Problem, text: string): Problem {
  const read = readDocument(text, {});
  return "faults" in read ? problem : located(problem, read.positionOf);
}

function located(problem: Problem, positionOf: (problem: Problem) => Position | undefined): Problem {
  const at = positionOf(problem);
  return at ? { ...problem, at } : problem;
}

/** The same from a document as YAML or JSON would give it. */
export function configFrom(document: unknown): ParsedConfig {
  const parsed = fileSchema.safeParse(document, { error: messageOf, reportInput: true });
  const problems = [
    ...(parsed.success ? [] : withoutEchoes(problemsOf(parsed.error.issues))),
    ...(parsed.success ? tlsMistakes(parsed.data) : []),
    ...conflictsOf(document),
  ];
  if (!parsed.success || problems.length > 0) return { ok: false, problems };
  const config = compose(parsed.data);
  const { workers } = config;
  const tooMany = workers === "auto" ? [] : sliceProblems(config, workers, `workers: ${workers}`);
  return tooMany.length > 0 ? { ok: false, problems: tooMany } : { ok: true, config };
}

function compose({ log, admin, workers, shared, history, driver, kernel, tls, gateways }: FileSettings): Config {
  const { total, ...perSession } = history;
  return {
    log,
    ...(admin && { admin }),
    workers,
    ...(shared && { shared: { redis: shared.redis, prefix: shared.prefix, timeoutMs: shared.timeout } }),
    history: { ...perSession, totalBytes: total },
    driver,
    kernel,
    gateways: gateways.map((gateway, index) => composeGateway(gateway, index, tls.certificates)),
  };
}

function composeGateway(
  gateway: GatewaySettings,
  index: number,
  certificates: readonly CertificateFiles[],
): GatewayConfig {
  const { limits, timeouts } = gateway;
  const policy = composePolicy(gateway.policy, demandOfAll(gateway));
  const { tls: _client, ...clientSide } = gateway.clientSide;
  const { tls: _server, ...serverSide } = gateway.serverSide;
  const tls = composeTls(gateway, certificates);
  return {
    name: gateway.name ?? defaultName(index),
    ...(gateway.log.level && { logLevel: gateway.log.level }),
    listen: gateway.listen,
    route: composeRoute(gateway.route),
    clientSide,
    serverSide,
    ...(tls && { tls }),
    dataPlane: gateway.dataPlane,
    policy,
    policies: gateway.policies.map((entry) => composeEntry(policy, entry, demandOf(entry, gateway))),
    limits: { ...limits, loginFailures: composeLoginFailures(limits.loginFailures) },
    timeouts: {
      connectMs: timeouts.connect,
      loginMs: timeouts.login,
      idleMs: timeouts.idle,
      pinholeMs: timeouts.pinhole,
      dataStallMs: timeouts.dataStall,
      lingerMs: timeouts.linger,
      drainMs: timeouts.drain,
      keepaliveMs: timeouts.keepalive,
    },
    probe: gateway.probe,
  };
}

function composeRoute({
  server,
  servers,
  balance,
  health,
  slowStart = 0,
  login,
  transparent,
}: GatewaySettings["route"]): GatewayRoute {
  if (server) return { kind: "fixed", server };
  if (servers) {
    const { every: everyMs = 10_000, fall = 3 } = health ?? {};
    const checks = checksOf(health ?? {});
    return {
      kind: "pool",
      servers,
      balance: balance ?? "least-sessions",
      everyMs,
      fall,
      slowStartMs: slowStart,
      ...(checks && { checks }),
    };
  }
  if (login) return { kind: "login", allow: login.allow };
  if (transparent) return { kind: "transparent", ...transparent };
  throw new Error("the schema lets exactly one route pass");
}

function composeLoginFailures({ within, most, ban, banMost }: GatewaySettings["limits"]["loginFailures"]) {
  return { withinMs: within, most, banMs: ban, banMostMs: banMost };
}

type PolicySettings = GatewaySettings["policy"];

function composePolicy(
  { foreignAddress, commands, tls: _, ...rest }: PolicySettings,
  tls: TlsDemand | undefined,
): Policy {
  return {
    ...rest,
    foreignAddress: composeForeignAddress(foreignAddress),
    commands: composeCommands(commands),
    ...(tls && { tls }),
  };
}

/** An entry changes the keys that it names; all others are the gateway's. */
function composeEntry(
  { tls: _all, ...policy }: Policy,
  entry: GatewaySettings["policies"][number],
  tls: TlsDemand | undefined,
): PolicyEntry {
  const { clients, users, foreignAddress, commands, tls: _own, ...rest } = entry;
  return {
    ...(clients && { clients }),
    ...(users && { users }),
    policy: {
      ...policy,
      ...rest,
      ...(foreignAddress && { foreignAddress: composeForeignAddress(foreignAddress) }),
      ...(commands && { commands: composeCommands(commands) }),
      ...(tls && { tls }),
    },
  };
}

function composeForeignAddress(setting: PolicySettings["foreignAddress"]): Policy["foreignAddress"] {
  return typeof setting === "string" ? { kind: setting } : { kind: "allow", networks: setting.allow };
}

function composeCommands({ allow, deny }: PolicySettings["commands"]): Policy["commands"] {
  return allow ? { allow } : { deny: deny ?? [] };
}
