// Health checks of a pool: each of its servers is tried now and then, at a moment of its own, whatever sessions there are. So many run at once
// and no more; one server is never tried twice at a time.
import { familyOf } from "../../net/endpoint.ts";
import { formatProxyHeader } from "../../net/proxy-protocol.ts";
import { runProbe } from "../../probe/probe-driver.ts";
import type { ProbeReport } from "../../probe/report.ts";
import type { ProbeTls } from "../../probe/security.ts";
import type { HealthChecks, PoolRoute, PoolServer } from "../options.ts";
import type { Attempt } from "./dial-server.ts";
import type { HealthLogin } from "./health-login.ts";
import type { PoolMember } from "./pool-members.ts";
import type { ServerPool } from "./server-pool.ts";

/** `change`: it is down from now on, or up again. `detail`: what a check failed at, or empty. */
export type ServerChecked = (
  server: Pick<PoolServer, "name">,
  isHealthy: boolean,
  news: { readonly change: "down" | "up" | undefined; readonly detail: string },
) => void;

export type HealthDeps = {
  readonly pool: ServerPool;
  readonly checked: ServerChecked;
  /** Looks up the server's name anew, for so long at most; what it leads to, at least one. Not called again before it has settled. */
  readonly lookUp: (server: PoolServer, settled: (members: readonly PoolMember[]) => void) => Attempt;
  readonly login: HealthLogin | undefined;
  /** As sessions speak to these servers; asked at each check. */
  readonly tls: () => ProbeTls | undefined;
  /** From 0 to 1. */
  readonly random: () => number;
};

export type HealthWatch = { start(): void; stop(): void };

const mostAtOnce = 16;
/** A server is tried again after its interval, a tenth earlier or later: those that began together do not stay so. */
const jitter = 0.1;

type Watch = {
  readonly route: PoolRoute;
  readonly checks: HealthChecks;
  readonly deps: HealthDeps;
  readonly ended: AbortController;
  readonly timers: Map<string, NodeJS.Timeout>;
  readonly lookups: Map<string, Attempt>;
  readonly waiting: (() => Promise<void>)[];
  running: number;
  /** Members that do not know EPSV. */
  readonly plain: Set<string>;
};

export function createHealthWatch(route: PoolRoute, checks: HealthChecks, deps: HealthDeps): HealthWatch {
  const watch: Watch = {
    ...{ route, checks, deps, ended: new AbortController(), waiting: [], running: 0 },
    ...{ timers: new Map(), lookups: new Map(), plain: new Set() },
  };
  return {
    start() {
      for (const server of route.servers) later(watch, server, deps.random());
    },
    stop() {
      watch.ended.abort();
      for (const timer of watch.timers.values()) clearTimeout(timer);
      for (const lookup of watch.lookups.values()) lookup.cancel();
      watch.waiting.length = 0;
    },
  };
}

/** `part`: of the interval. */
function later(watch: Watch, server: PoolServer, part: number): void {
  if (watch.ended.signal.aborted) return;
  const { name } = server;
  watch.timers.set(
    name,
    setTimeout(() => begin(watch, server), watch.route.everyMs * part),
  );
}

function begin(watch: Watch, server: PoolServer): void {
  const { deps, lookups } = watch;
  lookups.set(
    server.name,
    deps.lookUp(server, (members) => {
      lookups.delete(server.name);
      let left = members.length;
      for (const member of members) {
        watch.waiting.push(async () => {
          await check(watch, member);
          left -= 1;
          if (left === 0) later(watch, server, 1 - jitter + 2 * jitter * deps.random());
        });
      }
      fill(watch);
    }),
  );
}

function fill(watch: Watch): void {
  while (watch.running < mostAtOnce) {
    const next = watch.waiting.shift();
    if (next === undefined) return;
    watch.running += 1;
    void next().then(() => {
      watch.running -= 1;
      fill(watch);
    });
  }
}

/** Never rejects. */
async function check(watch: Watch, member: PoolMember): Promise<void> {
  const { route, deps, ended } = watch;
  const detail = member.endpoint === undefined ? `${member.name} has no address` : await failureOf(watch, member);
  if (ended.signal.aborted) return;
  const change = deps.pool.checked(member, detail === undefined, route);
  deps.checked(member, detail === undefined, { change, detail: detail ?? "" });
}

/** What is wrong with it; undefined where nothing is. */
async function failureOf(watch: Watch, member: PoolMember): Promise<string | undefined> {
  const { plain } = watch;
  let report = await probe(watch, member);
  // EPSV needs no address of the server's; some know PASV alone.
  if (!plain.has(member.id) && isUnknownMode(report)) {
    plain.add(member.id);
    report = await probe(watch, member);
  }
  const failed = report.steps.find(({ outcome }) => outcome === "failed");
  if (failed === undefined || !("sentence" in failed)) return undefined;
  return `${member.endpoint?.address}: ${failed.sentence}`;
}

function isUnknownMode({ steps }: ProbeReport): boolean {
  const last = steps.at(-1);
  return last?.name === "list" && last.outcome === "failed" && last.sentence.startsWith("EPSV was answered 5");
}

function probe({ checks, deps, ended, plain }: Watch, member: PoolMember): Promise<ProbeReport> {
  const { timeoutMs, isListing } = checks;
  const { address = "", port = 0 } = member.endpoint ?? {};
  const { proxyProtocol } = member;
  const tls = deps.tls();
  const login = deps.login ?? { user: "", password: "" };
  return runProbe(
    {
      ...{ host: address, port },
      ...(proxyProtocol && { opening: formatProxyHeader(proxyProtocol, { kind: "local" }) }),
    },
    {
      ...login,
      form: plain.has(member.id) && familyOf(address) === 4 ? "PASV" : "EPSV",
      upTo: deps.login === undefined ? "greeting" : isListing ? "list" : "login",
      silenceMs: timeoutMs,
      ...(tls && { tls }),
    },
    { totalMs: timeoutMs, signal: ended.signal },
  );
}
