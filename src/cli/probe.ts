// Probe, `ftp-alg probe`: real logins and transfers through a running gateway, and what is wrong with each hop.
import { randomBytes } from "node:crypto";
import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Config, GatewayConfig } from "../config/config.ts";
import { formatEndpoint, isUnspecified, parseEndpoint, type Endpoint } from "../net/endpoint.ts";
import type { SessionAnswer, SessionDetailAnswer, StatusAnswer } from "../observe/api/schemas.ts";
import { runProbe } from "../probe/probe-driver.ts";
import type { ProbeTarget } from "../probe/probe-sockets.ts";
import type { ProbeForm, ProbeReport } from "../probe/report.ts";
import type { ProbeTls } from "../probe/security.ts";
import type { Io } from "../process/io.ts";
import { isImplicit, probeTlsOf, type ProbeTlsWanted } from "../process/probe-security.ts";
import { formsOf, readProbeLogin, targetOf, type ProbeLogin, type ProbeMode } from "../process/probe-target.ts";
import { probeVerdict, type GatewayView, type ProbeVerdict } from "../process/probe-verdict.ts";
import { adminError, isAdminError, type AdminClient } from "./admin-client.ts";
import { unknownGateway } from "./sessions.ts";

export type ProbeWanted = {
  readonly gateway?: string | undefined;
  /** Where to connect to in place of a listener of the gateway, `host:port`. */
  readonly connect?: string | undefined;
  readonly server?: string | undefined;
  readonly user?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly mode: ProbeMode;
  /** The folder on the server in which a file is written. */
  readonly write?: string | undefined;
  readonly tls: ProbeTlsWanted;
  readonly timeoutMs: number;
};

/** One gateway that is tried. */
export type Trial = {
  readonly gateway?: string;
  readonly target: ProbeTarget;
  readonly login: ProbeLogin;
  readonly forms: readonly ProbeForm[];
  /** Absent: all is in clear. */
  readonly tls?: ProbeTls;
};

export type TrialResult = Trial & { readonly verdicts: readonly ProbeVerdict[] };

/** Who is asked what the gateway found; a text where nobody can be, which says why. */
export type Admin = AdminClient | string;

const defaultServerPort = 21;

/** The gateways of a configuration that are asked for, and how each is tried. Rejects with an AdminError that says what can't be done. */
export async function planTrials(
  config: Config | undefined,
  wanted: ProbeWanted,
  admin: Admin,
): Promise<readonly Trial[]> {
  const { gateway: name, connect } = wanted;
  const gateways = config?.gateways ?? [];
  const named = name === undefined ? gateways : gateways.filter((one) => one.name === name);
  if (config !== undefined && named.length === 0)
    throw adminError(
      0,
      unknownGateway(
        name ?? "",
        gateways.map((one) => one.name),
      ),
    );
  if (connect !== undefined) {
    if (named.length > 1)
      throw adminError(
        0,
        `--connect is for one gateway: --gateway says which of ${named.map((one) => one.name).join(", ")}`,
      );
    return [await planOne(named[0], readHostPort(connect), wanted)];
  }
  const trials: Trial[] = [];
  for (const one of named) trials.push(await planOne(one, await targetFor(one, wanted, admin), wanted));
  return trials;
}

async function planOne(gateway: GatewayConfig | undefined, target: ProbeTarget, wanted: ProbeWanted): Promise<Trial> {
  const {
    user = gateway?.probe.user ?? "anonymous",
    passwordFile = wanted.user === undefined ? gateway?.probe.passwordFile : undefined,
  } = wanted;
  const login = await readProbeLogin({ user, ...(passwordFile !== undefined && { passwordFile }) }).catch(inWords);
  const tls = await probeTlsOf(gateway, target, wanted.tls).catch(inWords);
  const forms = formsOf(wanted.mode, target.host);
  if (forms.length === 0)
    throw adminError(0, `--mode ${wanted.mode} has no way to say an IPv6 address such as ${target.host}`);
  const isNamed = gateway?.route.kind === "login" && wanted.server !== undefined;
  const named = isNamed ? { ...login, user: `${login.user}@${wanted.server}` } : login;
  if (gateway?.route.kind === "login" && !named.user.includes("@"))
    throw adminError(
      0,
      `gateway ${gateway.name} takes the server from the login: --server HOST, or probe.user: NAME@HOST`,
    );
  return { ...(gateway && { gateway: gateway.name }), target, login: named, forms, ...(tls && { tls }) };
}

function inWords(error: Error): never {
  throw adminError(0, error.message);
}

async function targetFor(gateway: GatewayConfig, { server, tls }: ProbeWanted, admin: Admin): Promise<ProbeTarget> {
  if (gateway.route.kind === "transparent") {
    if (server !== undefined) return readHostPort(server);
    throw adminError(
      0,
      `gateway ${gateway.name} intercepts: --server HOST says which server a client of it would connect to`,
    );
  }
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  const all = await listenersOf(gateway, admin);
  const fitting =
    tls.kind === "auto" ? all : all.filter(({ port }) => isImplicit(gateway, port) === (tls.kind === "implicit"));
  const target = targetOf(gateway, fitting, own);
  if (target !== undefined) return target;
  if (all.length > 0) throw adminError(0, `gateway ${gateway.name} has no listener for --tls ${tls.kind}`);
  throw adminError(0, `gateway ${gateway.name} does not listen`);
}

/** A port that the system gave is known by the gateway alone. */
async function listenersOf({ name, listen }: GatewayConfig, admin: Admin): Promise<readonly Endpoint[]> {
  if (listen.every(({ port }) => port !== 0)) return listen;
  if (typeof admin === "string") throw adminError(0, `gateway ${name} listens on any port; ${admin}`);
  const { gateways } = await admin.json<StatusAnswer>("/api/status");
  const listeners = gateways.find((one) => one.name === name)?.listeners ?? [];
  return listeners.flatMap((text) => parseEndpoint(text) ?? []);
}

/** `host`, `host:port`, `[address]:port`. */
function readHostPort(text: string): ProbeTarget {
  const endpoint = parseEndpoint(text);
  if (endpoint !== undefined) return { host: endpoint.address, port: endpoint.port };
  const [, host = "", port = String(defaultServerPort)] = /^\[?([^[\]]*?)\]?(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host === "" || Number(port) > 65_535) throw adminError(0, `expected HOST or HOST:PORT, got ${text}`);
  return { host, port: Number(port) };
}

/** The admin listener that a configuration has, as a URL. */
export function adminOf(config: Config): string | undefined {
  if (config.admin === undefined || config.admin.listen.port === 0) return undefined;
  const { address, port } = config.admin.listen;
  const host = isUnspecified(address) ? (address.includes(":") ? "::1" : "127.0.0.1") : address;
  return `http://${formatEndpoint({ address: host, port })}`;
}

/** Tries one form after the other. */
export async function runTrial(
  trial: Trial,
  wanted: ProbeWanted,
  admin: Admin,
  io: Pick<Io, "stop">,
): Promise<TrialResult> {
  const verdicts: ProbeVerdict[] = [];
  for (const form of trial.forms) {
    if (io.stop.aborted) break;
    const options = {
      form,
      ...trial.login,
      ...(trial.tls && { tls: trial.tls }),
      silenceMs: wanted.timeoutMs,
      ...(wanted.write !== undefined && { file: fileIn(wanted.write) }),
    };
    const report = await runProbe(trial.target, options, { totalMs: 6 * wanted.timeoutMs, signal: io.stop });
    const view = typeof admin === "string" ? undefined : await viewOf(admin, trial.gateway, report);
    verdicts.push(probeVerdict(report, view));
  }
  return { ...trial, verdicts };
}

/** Bytes that a transfer in ASCII, or one cut short, would change. */
function fileIn(folder: string) {
  const name = `ftp-alg-probe-${randomBytes(6).toString("hex")}.tmp`;
  const content = `ftp-alg probe\r\n\n\r\u0000\u00ff${randomBytes(4096).toString("latin1")}`;
  return { name: folder === "." || folder === "" ? name : `${folder.replace(/\/+$/, "")}/${name}`, content };
}

/** The gateway finds some failures only when the session is over. */
const viewMs = 2000;
const pollMs = 50;

/** What the gateway says of the session of the probe; nothing if it can't be asked, or knows the probe by another address. */
async function viewOf(
  admin: AdminClient,
  gateway: string | undefined,
  { local }: ProbeReport,
): Promise<GatewayView | undefined> {
  if (local === undefined) return undefined;
  const query = new URLSearchParams({ client: local.address, limit: "50", ...(gateway !== undefined && { gateway }) });
  const deadline = performance.now() + viewMs;
  let found: SessionAnswer | undefined;
  try {
    while (performance.now() < deadline) {
      const { sessions } = await admin.json<{ sessions: readonly SessionAnswer[] }>(
        `/api/sessions?${query.toString()}`,
      );
      found = sessions.find(({ client }) => client === formatEndpoint(local));
      if (found === undefined || found.state === "ended") break;
      await sleep(pollMs);
    }
    if (found === undefined) return undefined;
    const { id, failure, server, transfers } = await admin.json<SessionDetailAnswer>(`/api/sessions/${found.id}`);
    const { serverMode, plane } = transfers.at(-1) ?? {};
    return { session: id, failure, hasServer: server !== undefined, serverMode, plane };
  } catch (error) {
    if (isAdminError(error)) return undefined;
    throw error;
  }
}
