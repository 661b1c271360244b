// Count book of a gateway: what its clients do in all workers together, kept by the supervisor, so that limits and bans hold for all of
// them. What a worker has counted goes with it; bans and rates stay.
import { createClientRates, type RateLimits } from "../../gateway/entrance/client-rates.ts";
import type { SharedVerdict } from "../../gateway/entrance/shared-counts.ts";
import type { GatewayOptions } from "../../gateway/options.ts";

export type CountLimits = RateLimits & Pick<GatewayOptions["limits"], "sessions" | "sessionsPerClient">;

/** `worker`: any value that stands for a process; another one for the process that takes its place. */
export type CountBook = {
  setLimits(limits: CountLimits): void;
  admit(worker: object, client: string): Promise<SharedVerdict>;
  left(worker: object, client: string): void;
  /** Milliseconds for which the client is banned; 0: it is not. */
  loginFailed(client: string): Promise<number>;
  setServerSessions(worker: object, server: string, sessions: number): void;
  /** By server, those of all others. */
  elsewhere(worker: object): ReadonlyMap<string, number>;
  countBans(): number;
  forget(worker: object): void;
};

type Shares = { readonly clients: Map<string, number>; readonly servers: Map<string, number> };

export function createCountBook(initialLimits: CountLimits): CountBook {
  let limits = initialLimits;
  const rates = createClientRates(limits);
  const workers = new Map<object, Shares>();
  const forgotten = new WeakSet<object>();
  const perClient = new Map<string, number>();
  let sessions = 0;

  function sharesOf(worker: object): Shares {
    let shares = workers.get(worker);
    if (shares === undefined) workers.set(worker, (shares = { clients: new Map(), servers: new Map() }));
    return shares;
  }

  function take(client: string, count: number): void {
    sessions -= count;
    addTo(perClient, client, -count);
  }

  return {
    setLimits(next) {
      limits = next;
      rates.setLimits(next);
    },
    async admit(worker, client) {
      const refused = await rates.connected(client);
      if (refused === "banned") return { kind: "banned", ms: await rates.bannedFor(client) };
      if (refused !== undefined) return { kind: "refused", reason: refused };
      if (forgotten.has(worker)) return { kind: "unknown" };
      if (sessions >= limits.sessions) return { kind: "refused", reason: "too-many-sessions" };
      const own = perClient.get(client) ?? 0;
      if (own >= limits.sessionsPerClient) return { kind: "refused", reason: "too-many-sessions-per-client" };
      sessions += 1;
      addTo(perClient, client, 1);
      addTo(sharesOf(worker).clients, client, 1);
      return { kind: "admitted" };
    },
    left(worker, client) {
      const { clients } = sharesOf(worker);
      // One of which nothing was known here.
      if (!clients.has(client)) return;
      addTo(clients, client, -1);
      take(client, 1);
    },
    async loginFailed(client) {
      await rates.loginFailed(client);
      return rates.bannedFor(client);
    },
    setServerSessions: (worker, server, count) => void sharesOf(worker).servers.set(server, count),
    elsewhere(worker) {
      const sums = new Map<string, number>();
      for (const [other, { servers }] of workers) {
        if (other !== worker) for (const [server, count] of servers) addTo(sums, server, count);
      }
      return sums;
    },
    countBans: rates.countBans,
    forget(worker) {
      forgotten.add(worker);
      const shares = workers.get(worker);
      workers.delete(worker);
      for (const [client, count] of shares?.clients ?? []) take(client, count);
    },
  };
}

function addTo(counts: Map<string, number>, key: string, more: number): void {
  const count = (counts.get(key) ?? 0) + more;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
