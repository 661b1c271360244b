// Probes that the admin listener is asked for: through the gateways of this process, one at a time through each, for a bounded time.
import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Config, GatewayConfig } from "../config/config.ts";
import { nearest } from "../config/nearest.ts";
import type { Endpoint } from "../net/endpoint.ts";
import { probeQueryModes } from "../observe/api/probe-query.ts";
import type { SessionReader } from "../observe/session-reader.ts";
import { runProbe } from "../probe/probe-driver.ts";
import type { ProbeForm, ProbeReport } from "../probe/report.ts";
import type { Gateways } from "./gateways.ts";
import { probeExposition } from "./probe-exposition.ts";
import { probeTlsOf } from "./probe-security.ts";
import { formsOf, readProbeLogin, targetOf } from "./probe-target.ts";
import { probeVerdict, type GatewayView } from "./probe-verdict.ts";

/** `text` is for Prometheus with 200, else a line that says what is wrong. */
export type ProbeAnswer = { readonly status: 200 | 400 | 404 | 503; readonly text: string };

/** As they stand behind `?`; undefined where they do not. */
export type ProbeQuery = { readonly gateway: string | undefined; readonly mode: string | undefined };

export type Probes = {
  probe(query: ProbeQuery, timeoutMs: number): Promise<ProbeAnswer>;
  /** Ends those that run. */
  stop(): void;
};

export type ProbesDeps = {
  readonly config: () => Config;
  readonly gateways: Pick<Gateways, "endpoints">;
  readonly sessions: Pick<SessionReader, "lastOf">;
};

/** One for each form. */
const mostInTurn = 4;
/** A probe that begins with less has no chance. */
const leastMs = 100;
/** What the gateway finds when the session is over. */
const viewMs = 500;

export function createProbes({ config, gateways, sessions }: ProbesDeps): Probes {
  const stopped = new AbortController();
  /** By gateway: those that run or wait, by form. */
  const running = new Map<string, Map<ProbeForm, Promise<ProbeAnswer>>>();

  async function viewOf(gateway: string, { local }: ProbeReport): Promise<GatewayView | undefined> {
    if (local === undefined) return undefined;
    const deadline = performance.now() + viewMs;
    let found = await sessions.lastOf(gateway, local);
    while (found !== undefined && found.state === "live" && performance.now() < deadline) {
      await sleep(10);
      found = await sessions.lastOf(gateway, local);
    }
    if (found === undefined) return undefined;
    const { id, failure, server, transfers } = found;
    const { serverMode, plane } = transfers.at(-1) ?? {};
    return { session: id, failure, hasServer: server !== undefined, serverMode, plane };
  }

  async function run(gateway: GatewayConfig, form: ProbeForm, deadline: number): Promise<ProbeAnswer> {
    const totalMs = deadline - performance.now();
    if (totalMs < leastMs) return { status: 503, text: `other probes of ${gateway.name} take all the time\n` };
    const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
    const target = targetOf(gateway, gateways.endpoints(gateway.name), own);
    if (target === undefined) return { status: 503, text: `gateway ${gateway.name} does not listen\n` };
    try {
      const login = await readProbeLogin(gateway.probe);
      const tls = await probeTlsOf(gateway, target, { kind: "auto" });
      const options = { form, ...login, silenceMs: totalMs, ...(tls && { tls }) };
      const report = await runProbe(target, options, { totalMs, signal: stopped.signal });
      return { status: 200, text: probeExposition(probeVerdict(report, await viewOf(gateway.name, report))) };
    } catch (error) {
      return { status: 503, text: `${error instanceof Error ? error.message : String(error)}\n` };
    }
  }

  /** Who asks for what is asked for already gets the same answer. */
  async function inTurn(gateway: GatewayConfig, form: ProbeForm, deadline: number): Promise<ProbeAnswer> {
    const own = running.get(gateway.name) ?? new Map<ProbeForm, Promise<ProbeAnswer>>();
    running.set(gateway.name, own);
    const same = own.get(form);
    if (same !== undefined) return same;
    if (own.size >= mostInTurn) return { status: 503, text: `too many probes of ${gateway.name} wait\n` };
    const before = [...own.values()];
    const answer = Promise.all(before).then(() => run(gateway, form, deadline));
    own.set(form, answer);
    try {
      return await answer;
    } finally {
      own.delete(form);
      if (own.size === 0) running.delete(gateway.name);
    }
  }

  return {
    async probe(query, timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      const asked = readQuery(query, config().gateways, gateways.endpoints);
      return "status" in asked ? asked : inTurn(asked.gateway, asked.form, deadline);
    },
    stop: () => stopped.abort(),
  };
}

/** What is asked for, or what is wrong with it. */
function readQuery(
  { gateway: name, mode = "passive" }: ProbeQuery,
  all: readonly GatewayConfig[],
  endpointsOf: (name: string) => readonly Endpoint[],
): ProbeAnswer | { readonly gateway: GatewayConfig; readonly form: ProbeForm } {
  const gateway = all.find((one) => one.name === name);
  if (gateway === undefined) return unknown(name, all);
  const wanted = probeQueryModes.find((word) => word === mode.toLowerCase());
  if (wanted === undefined) return { status: 400, text: `mode: expected one of ${probeQueryModes.join(", ")}\n` };
  const why = obstacleTo(gateway);
  if (why !== undefined) return { status: 400, text: `${why}\n` };
  const [form] = formsOf(wanted, targetOf(gateway, endpointsOf(gateway.name), [])?.host ?? "");
  if (form === undefined) return { status: 400, text: `mode ${wanted} has no way to say an IPv6 address\n` };
  return { gateway, form };
}

function unknown(name: string | undefined, all: readonly GatewayConfig[]): ProbeAnswer {
  const names = all.map((one) => one.name);
  if (name === undefined) return { status: 400, text: `which gateway? /probe?gateway=${names[0] ?? "NAME"}\n` };
  const meant = nearest(name, names);
  return {
    status: 404,
    text: `no such gateway; ${meant === undefined ? `there is ${names.join(", ")}` : `did you mean ${meant}?`}\n`,
  };
}

function obstacleTo({ name, route, probe }: GatewayConfig): string | undefined {
  if (route.kind === "transparent")
    return `gateway ${name} intercepts: it is tried from where its clients are, by ftp-alg probe --connect SERVER`;
  if (route.kind === "login" && !probe.user.includes("@"))
    return `gateway ${name} takes the server from the login: probe.user needs to be NAME@HOST`;
  return undefined;
}
