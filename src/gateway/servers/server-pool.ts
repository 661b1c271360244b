// Server pool: which of several servers a session is to go to, and which are down. Pure but for the clock that it is given; who dials is
// pooled-dial.ts.
import type { SharedCounts } from "../entrance/shared-counts.ts";
import type { Balance, PoolServer } from "../options.ts";

export type PoolState = { readonly name: string; readonly isUp: boolean; readonly sessions: number };

export type PoolOptions = {
  readonly servers: readonly PoolServer[];
  readonly balance: Balance;
  /** So many failures in a row, and a server is down; then one session tries it after each `everyMs`. */
  readonly fall: number;
  readonly everyMs: number;
};

export type ServerPool = {
  /**
   * The server that a session is to try, and those after it should it fail. Empty while all are down. `key`: of the hashes, the client's
   * address or the user.
   */
  order(options: PoolOptions, key: string): readonly PoolServer[];
  /**
   * It is dialled, and has one session more until the returned is called. One that has not greeted yet counts too: else a server that is
   * frozen has the least sessions, and gets them all.
   */
  entered(server: PoolServer): () => void;
  /** It is up. Returns whether it was down. */
  greeted(server: PoolServer): boolean;
  /** Returns whether it is down from now on. */
  failed(server: PoolServer, options: Pick<PoolOptions, "fall" | "everyMs">): boolean;
  states(servers: readonly PoolServer[]): readonly PoolState[];
};

/** What is known of a server, by its name, whatever the configuration says of it by now. */
type Known = {
  sessions: number;
  /** In a row. */
  failures: number;
  /** While it is down: when it may be tried again; monotonic milliseconds. */
  tryAt: number | undefined;
  /** Round robin: how much it is ahead of the others (smooth weighted round robin, as nginx has it). */
  current: number;
};

function createMemory(): (server: Pick<PoolServer, "name">) => Known {
  const all = new Map<string, Known>();
  return ({ name }) => {
    let one = all.get(name);
    if (one === undefined) {
      one = { sessions: 0, failures: 0, tryAt: undefined, current: 0 };
      all.set(name, one);
    }
    return one;
  };
}

export type ServerPoolDeps = {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Sessions that other processes have at these servers; undefined where there are none. */
  readonly counts?: Pick<SharedCounts, "setServerSessions" | "serverSessionsElsewhere"> | undefined;
};

export function createServerPool({ now, counts }: ServerPoolDeps): ServerPool {
  const known = createMemory();

  /** Whose turn it is, and who comes after it should it fail: those that are behind most. */
  function inTurn(up: readonly PoolServer[], load: (server: PoolServer) => number): readonly PoolServer[] {
    const total = up.reduce((sum, { weight }) => sum + weight, 0);
    for (const server of up) known(server).current += server.weight;
    const order = up.toSorted((one, other) => load(one) - load(other) || known(other).current - known(one).current);
    const [first] = order;
    if (first !== undefined) known(first).current -= total;
    return order;
  }

  function loadOf({ name, weight }: PoolServer): number {
    return (known({ name }).sessions + (counts?.serverSessionsElsewhere(name) ?? 0)) / weight;
  }

  function count(server: PoolServer, more: 1 | -1): void {
    const one = known(server);
    one.sessions += more;
    counts?.setServerSessions(server.name, one.sessions);
  }

  const orders: Readonly<Record<Balance, (up: readonly PoolServer[], key: string) => readonly PoolServer[]>> = {
    "least-sessions": (up) => inTurn(up, loadOf),
    "round-robin": (up) => inTurn(up, () => 0),
    "client-hash": hashed,
    "user-hash": hashed,
  };

  return {
    order({ servers, balance, everyMs }, key) {
      const moment = now();
      const open = servers.filter(({ weight }) => weight > 0);
      const up = open.filter((server) => known(server).tryAt === undefined);
      // One session at a time finds out whether a server that fell is back; should it not be, the others follow.
      const isDue = (server: PoolServer): boolean => (known(server).tryAt ?? Infinity) <= moment;
      // By a hash only a client of its own does: no other is to see another server for once.
      const isHashed = balance === "client-hash" || balance === "user-hash";
      const [first] = isHashed && up.length > 0 ? hashed(open, key) : open.filter(isDue);
      if (first === undefined || !isDue(first)) return orders[balance](up, key);
      known(first).tryAt = moment + everyMs;
      return [first, ...orders[balance](up, key)];
    },
    entered(server) {
      count(server, 1);
      let isInside = true;
      return () => {
        if (isInside) count(server, -1);
        isInside = false;
      };
    },
    greeted(server) {
      const one = known(server);
      const wasDown = one.tryAt !== undefined;
      one.failures = 0;
      one.tryAt = undefined;
      return wasDown;
    },
    failed(server, { fall, everyMs }) {
      const one = known(server);
      const wasUp = one.tryAt === undefined;
      one.failures += 1;
      if (one.failures >= fall) one.tryAt = now() + everyMs;
      return wasUp && one.tryAt !== undefined;
    },
    states: (servers) =>
      servers.map((server) => {
        const { sessions, tryAt } = known(server);
        return { name: server.name, isUp: tryAt === undefined, sessions };
      }),
  };
}

/** Weighted rendezvous hashing: a server that goes, or comes back, moves its own clients or users alone. */
function hashed(up: readonly PoolServer[], key: string): readonly PoolServer[] {
  const score = ({ name, weight }: PoolServer): number => -weight / Math.log(fraction(`${name} ${key}`));
  return up.toSorted((one, other) => score(other) - score(one));
}

/** Between 0 and 1, both excluded, the same for the same text: FNV-1a, its bits mixed once more (MurmurHash3's finish). */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 1) / (2 ** 32 + 2);
}
