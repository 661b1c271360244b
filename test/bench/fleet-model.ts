// Model of a fleet: gateways, each with a pool of its own as the real one is, servers that fall and come back, and clients that connect
// again when their session is lost. What is not a pool is arithmetic: nobody speaks FTP here.
import type { Balance } from "../../src/gateway/options.ts";
import { membersOf, type PoolMember } from "../../src/gateway/servers/pool-members.ts";
import { createServerPool, type PoolRules, type ServerPool } from "../../src/gateway/servers/server-pool.ts";
import { createFleetClock, type FleetClock } from "./fleet-clock.ts";

export type FleetShape = {
  readonly gateways: number;
  readonly servers: number;
  /** So many servers are in the list of each gateway; each server is in as many lists as any other. */
  readonly listed: number;
  readonly balance: Balance;
  /** Each process begins with another server, as the real ones do. */
  readonly shuffles: boolean;
  /** How long an attempt takes: one that succeeds, one that is refused, one that nobody answers. */
  readonly connectMs: { readonly taken: number; readonly refused: number; readonly silent: number };
  /** A client that has lost its session waits so long, evenly spread between the two, before it connects again. */
  readonly backoffMs: readonly [least: number, most: number];
};

export type ServerState = "up" | "refuses" | "silent";

type Session = { readonly client: string; gateway: number; server: number; leave: () => void };

/** What a phase of the simulation is judged by. */
export type FleetNotes = {
  /** Sessions that stand now, of each server and of each gateway. */
  readonly perServer: Int32Array;
  readonly perGateway: Int32Array;
  /** Attempts that failed, at any server. */
  failed: number;
  /** Clients that no server has taken: they have read 421. */
  refused: number;
  /** From the loss of a session to the next one. */
  readonly outagesMs: number[];
  /** The most logins that one server, and one gateway, has had within a second. */
  peakAtServer: number;
  peakAtGateway: number;
};

export type Fleet = {
  readonly clock: FleetClock;
  readonly notes: FleetNotes;
  /** A new client comes to any gateway that is up. */
  arrive(client: string): void;
  /** Sessions at servers that are no longer up are lost, and their clients connect again. */
  setServers(from: number, to: number, state: ServerState): void;
  /** Likewise those of gateways that are gone. */
  setGateways(from: number, to: number, isUp: boolean): void;
  /** Notes of outages and peaks begin anew. */
  forget(): void;
};

type Parts = {
  readonly shape: FleetShape;
  readonly clock: FleetClock;
  readonly dice: () => number;
  readonly notes: FleetNotes;
  readonly pools: readonly ServerPool[];
  readonly rules: PoolRules;
  readonly lists: readonly (readonly PoolMember[])[];
  readonly servers: ServerState[];
  readonly gateways: boolean[];
  readonly sessions: Set<Session>;
  /** Logins in the present second: of each server, of each gateway. */
  readonly second: { at: number; readonly servers: Map<number, number>; readonly gateways: Map<number, number> };
};

export function createFleet(shape: FleetShape, dice: () => number): Fleet {
  const clock = createFleetClock();
  const notes: FleetNotes = {
    perServer: new Int32Array(shape.servers),
    perGateway: new Int32Array(shape.gateways),
    ...{ failed: 0, refused: 0, outagesMs: [], peakAtServer: 0, peakAtGateway: 0 },
  };
  const parts: Parts = {
    ...{ shape, clock, dice, notes },
    pools: Array.from({ length: shape.gateways }, () =>
      createServerPool({ now: clock.now, ...(shape.shuffles && { dice }) }),
    ),
    rules: { balance: shape.balance, fall: 3, everyMs: 10_000, slowStartMs: 0 },
    lists: listsOf(shape, dice),
    servers: Array.from({ length: shape.servers }, () => "up"),
    gateways: Array.from({ length: shape.gateways }, () => true),
    sessions: new Set(),
    second: { at: 0, servers: new Map(), gateways: new Map() },
  };
  return {
    ...{ clock, notes },
    arrive: (client) => come(parts, client, undefined),
    setServers(from, to, state) {
      parts.servers.fill(state, from, to);
      if (state !== "up") lose(parts, ({ server }) => server >= from && server < to);
    },
    setGateways(from, to, isUp) {
      parts.gateways.fill(isUp, from, to);
      if (!isUp) lose(parts, ({ gateway }) => gateway >= from && gateway < to);
    },
    forget() {
      notes.outagesMs.length = 0;
      Object.assign(notes, { failed: 0, refused: 0, peakAtServer: 0, peakAtGateway: 0 });
    },
  };
}

/**
 * Who is in whose list: gateways take turns in rounds, and those of one round share out all servers among them, in the order of the dice.
 * Within a list the order is that of the configuration, the same for all.
 */
function listsOf({ gateways, servers, listed }: FleetShape, dice: () => number): PoolMember[][] {
  const all = Array.from({ length: servers }, (_, index) => memberOf(index));
  const perRound = Math.max(1, Math.floor(servers / listed));
  const lists: PoolMember[][] = [];
  for (let round: PoolMember[] = []; lists.length < gateways;) {
    const place = lists.length % perRound;
    if (place === 0) round = shuffled(all, dice);
    const list = round.slice(place * listed, (place + 1) * listed);
    lists.push(list.toSorted((one, other) => Number(one.name) - Number(other.name)));
  }
  return lists;
}

function shuffled<T>(all: readonly T[], dice: () => number): T[] {
  const keyed = all.map((one) => ({ one, key: dice() }));
  return keyed.toSorted((a, b) => a.key - b.key).map(({ one }) => one);
}

/** Its name is its number; its address, which nobody dials here, is anything. */
function memberOf(index: number): PoolMember {
  const [member] = membersOf({ name: String(index), server: { host: "192.0.2.1", port: 21 }, weight: 1 }, []);
  if (member === undefined) throw new Error("a server without an address");
  return member;
}

/** `lostAt`: when the session before was lost. */
function come(parts: Parts, client: string, lostAt: number | undefined): void {
  const { gateways, dice, clock } = parts;
  const gateway = Math.floor(dice() * gateways.length);
  // Balancers and names that lead to a gateway that is gone are a second of waiting.
  if (!gateways[gateway]) return clock.after(1000, () => come(parts, client, lostAt));
  attempt(parts, { client, gateway, lostAt, tried: new Set() });
}

type Arrival = {
  readonly client: string;
  readonly gateway: number;
  readonly lostAt: number | undefined;
  readonly tried: Set<string>;
};

/** As pooled-dial.ts has it: whom the pool names first, and once that has failed, whom it names of the others. */
function attempt(parts: Parts, arrival: Arrival): void {
  const { rules, servers, shape, clock, notes } = parts;
  const { client, gateway, tried } = arrival;
  const [pool, list] = [parts.pools[gateway]!, parts.lists[gateway]!];
  const untried = tried.size === 0 ? list : list.filter(({ name }) => !tried.has(name));
  const [member] = pool.order(untried, rules, client);
  if (member === undefined) {
    notes.refused += 1;
    return again(parts, client, arrival.lostAt ?? clock.now());
  }
  const server = Number(member.name);
  tried.add(member.name);
  const leave = pool.entered(member);
  const state = servers[server]!;
  const { taken, refused, silent } = shape.connectMs;
  clock.after({ up: taken, refuses: refused, silent }[state], () => {
    if (state === "up" && servers[server] === "up" && parts.gateways[gateway]) {
      pool.greeted(member, rules);
      return begin(parts, arrival, server, leave);
    }
    leave();
    if (!parts.gateways[gateway]) return again(parts, client, arrival.lostAt ?? clock.now());
    pool.failed(member, rules);
    notes.failed += 1;
    attempt(parts, arrival);
  });
}

function begin(parts: Parts, { client, gateway, lostAt }: Arrival, server: number, leave: () => void): void {
  const { notes, clock, sessions } = parts;
  if (lostAt !== undefined) notes.outagesMs.push(clock.now() - lostAt);
  notes.perServer[server]! += 1;
  notes.perGateway[gateway]! += 1;
  sessions.add({ client, gateway, server, leave });
  countLogin(parts, server, gateway);
}

function countLogin({ second, clock, notes }: Parts, server: number, gateway: number): void {
  const at = Math.floor(clock.now() / 1000);
  if (at !== second.at) {
    second.at = at;
    second.servers.clear();
    second.gateways.clear();
  }
  const atServer = (second.servers.get(server) ?? 0) + 1;
  const atGateway = (second.gateways.get(gateway) ?? 0) + 1;
  second.servers.set(server, atServer);
  second.gateways.set(gateway, atGateway);
  notes.peakAtServer = Math.max(notes.peakAtServer, atServer);
  notes.peakAtGateway = Math.max(notes.peakAtGateway, atGateway);
}

function lose(parts: Parts, isLost: (session: Session) => boolean): void {
  const { sessions, notes, clock } = parts;
  for (const session of [...sessions].filter(isLost)) {
    sessions.delete(session);
    session.leave();
    notes.perServer[session.server]! -= 1;
    notes.perGateway[session.gateway]! -= 1;
    again(parts, session.client, clock.now());
  }
}

function again(parts: Parts, client: string, lostAt: number): void {
  const [least, most] = parts.shape.backoffMs;
  parts.clock.after(least + parts.dice() * (most - least), () => come(parts, client, lostAt));
}
