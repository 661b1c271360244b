// Server pool: which of several servers a session is to go to, and which are down. Pure but for the clock that it is given; who dials is
// pooled-dial.ts, who looks after their health is health-checks.ts.
import type { Balance, PoolRoute } from "../options.ts";
import type { SharedCounts } from "../entrance/shared-counts.ts";
import { createKnownMembers, type Known } from "./known-members.ts";
import type { PoolMember } from "./pool-members.ts";
import { hashed } from "./weighted-hash.ts";

export type PoolState = { readonly name: string; readonly isUp: boolean; readonly sessions: number };

/** What holds for a pool now, whatever held before. */
export type PoolRules = Pick<PoolRoute, "balance" | "fall" | "everyMs" | "slowStartMs" | "checks">;

export type ServerPool = {
  /**
   * The member that a session is to try, and those after it should it fail. Empty while all are down. `key`: of the hashes, the client's
   * address or the user.
   */
  order(members: readonly PoolMember[], rules: PoolRules, key: string): readonly PoolMember[];
  /**
   * It is dialled, and has one session more until the returned is called. One that has not greeted yet counts too: else a server that is
   * frozen has the least sessions, and gets them all.
   */
  entered(member: PoolMember): () => void;
  /** It has served a session. Returns whether it is up from now on, and was down. */
  greeted(member: PoolMember, rules: PoolRules): boolean;
  /** A session was not served. Returns whether it is down from now on. */
  failed(member: PoolMember, rules: PoolRules): boolean;
  /** A health check. Returns what it has changed. */
  checked(member: PoolMember, isHealthy: boolean, rules: PoolRules): "up" | "down" | undefined;
  /** Of the servers that these are of: up if one of its addresses is. */
  states(members: readonly PoolMember[]): readonly PoolState[];
};

export type ServerPoolDeps = {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** From 0 to below 1. It shuffles equals, so that processes with one list do not all begin with its first server; else the list's order holds. */
  readonly dice?: () => number;
  /** Sessions that other processes have at these servers; undefined where there are none. */
  readonly counts?: Pick<SharedCounts, "setServerSessions" | "serverSessionsElsewhere"> | undefined;
};

/** The least part of its share that a server gets while it starts slowly: nobody would ever try one without any. */
const leastShare = 0.01;

type Weigh = (member: PoolMember) => number;

export function createServerPool({ now, dice, counts }: ServerPoolDeps): ServerPool {
  const known = createKnownMembers(now, dice);
  /** By the server's name, those at addresses that it has no more too. */
  const sessions = new Map<string, number>();

  function count(member: PoolMember, more: 1 | -1): void {
    known(member).sessions += more;
    const all = (sessions.get(member.name) ?? 0) + more;
    sessions.set(member.name, all);
    counts?.setServerSessions(member.name, all);
  }

  /** Of what other processes have at a server each of its addresses has its part. */
  function leastSessions(up: readonly PoolMember[], _: string, weigh: Weigh): readonly PoolMember[] {
    const addresses = counts && addressesOf(up);
    return inTurn(up, known, weigh, (member) => {
      const elsewhere = counts?.serverSessionsElsewhere(member.name) ?? 0;
      const part = elsewhere === 0 ? 0 : elsewhere / (addresses?.get(member.name) ?? 1);
      return (known(member).sessions + part) / weigh(member);
    });
  }

  const orders: Readonly<
    Record<Balance, (up: readonly PoolMember[], key: string, weigh: Weigh) => readonly PoolMember[]>
  > = {
    "least-sessions": leastSessions,
    "round-robin": (up, _, weigh) => inTurn(up, known, weigh, () => 0),
    "client-hash": hashed,
    "user-hash": hashed,
  };

  return {
    order(members, { balance, everyMs, slowStartMs, checks }, key) {
      const moment = now();
      const open = members.filter(({ weight }) => weight > 0);
      for (const member of members) if (member.weight === 0) known(member).since = moment;
      const weigh: Weigh = (member) => member.weight * shareOf(known(member), slowStartMs, moment);
      const up = open.filter((member) => known(member).tryAt === undefined);
      // One session at a time finds out whether a server that fell is back; should it not be, the others follow.
      const isDue = (member: PoolMember): boolean => checks === undefined && isDueAt(known(member), moment);
      // By a hash only a client of its own does: no other is to see another server for once.
      const isHashed = orders[balance] === hashed;
      const [first] = isHashed && up.length > 0 ? hashed(open, key, weigh) : open.filter(isDue);
      if (first === undefined || !isDue(first)) return orders[balance](up, key, weigh);
      known(first).tryAt = moment + everyMs;
      return [first, ...orders[balance](up, key, weigh)];
    },
    entered(member) {
      count(member, 1);
      let isInside = true;
      return () => {
        if (isInside) count(member, -1);
        isInside = false;
      };
    },
    greeted(member, { checks }) {
      const one = known(member);
      one.failures = 0;
      return one.tryAt !== undefined && checks === undefined && rise(one, now());
    },
    failed(member, { fall, everyMs, checks }) {
      const one = known(member);
      one.failures += 1;
      return one.failures >= fall && drop(one, checks === undefined ? now() + everyMs : Infinity);
    },
    checked(member, isHealthy, { fall, checks }) {
      const one = known(member);
      one.failedChecks = isHealthy ? 0 : one.failedChecks + 1;
      one.passedChecks = isHealthy ? one.passedChecks + 1 : 0;
      if (one.tryAt === undefined) return one.failedChecks >= fall && drop(one, Infinity) ? "down" : undefined;
      return one.passedChecks >= (checks?.rise ?? 1) && rise(one, now()) ? "up" : undefined;
    },
    states: (members) => statesOf(members, known, sessions),
  };
}

/** By the name of a server. */
function addressesOf(members: readonly PoolMember[]): ReadonlyMap<string, number> {
  const count = new Map<string, number>();
  for (const { name } of members) count.set(name, (count.get(name) ?? 0) + 1);
  return count;
}

/**
 * Whose turn it is, and who comes after it should it fail. Those take turns by weight whose load is below the lowest that any would have with
 * one session more, so that many short sessions are spread by weight, too; the others follow by their load.
 */
function inTurn(
  up: readonly PoolMember[],
  known: (member: PoolMember) => Known,
  weigh: Weigh,
  load: Weigh,
): readonly PoolMember[] {
  const ranked = up.map((member) => ({ member, one: known(member), weight: weigh(member), load: load(member) }));
  const most = Math.min(...ranked.map((one) => one.load + 1 / one.weight));
  const roomy = ranked.filter((one) => one.load < most);
  let total = 0;
  for (const { one, weight } of roomy) {
    total += weight;
    one.current += weight;
  }
  roomy.sort((a, b) => b.one.current - a.one.current);
  const [first] = roomy;
  if (first !== undefined) first.one.current -= total;
  const others = ranked.filter((one) => one.load >= most).toSorted((a, b) => a.load - b.load);
  return [...roomy, ...others].map(({ member }) => member);
}

/** Of its weight, by how long it has been there. */
function shareOf({ since }: Known, slowStartMs: number, moment: number): number {
  return slowStartMs === 0 ? 1 : Math.min(1, Math.max(leastShare, (moment - since) / slowStartMs));
}

/** One that fell by checks, which there are no more, may be tried at once. */
function isDueAt({ tryAt }: Known, moment: number): boolean {
  return tryAt !== undefined && (tryAt <= moment || tryAt === Infinity);
}

function rise(one: Known, moment: number): true {
  one.failures = 0;
  one.failedChecks = 0;
  one.tryAt = undefined;
  one.since = moment;
  return true;
}

/** Whether it was up. */
function drop(one: Known, tryAt: number): boolean {
  const wasUp = one.tryAt === undefined;
  one.tryAt = tryAt;
  one.passedChecks = 0;
  return wasUp;
}

function statesOf(
  members: readonly PoolMember[],
  known: (member: PoolMember) => Known,
  sessions: ReadonlyMap<string, number>,
): readonly PoolState[] {
  const states = new Map<string, PoolState>();
  for (const member of members) {
    const { name } = member;
    const isUp = known(member).tryAt === undefined || states.get(name)?.isUp === true;
    states.set(name, { name, isUp, sessions: sessions.get(name) ?? 0 });
  }
  return [...states.values()];
}
