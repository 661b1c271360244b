// Scenarios of the fleet's simulation, each with the figures that come of it: how sessions spread, what failures do, how long a drain takes.
import { createServerPool } from "../../src/gateway/servers/server-pool.ts";
import type { Balance } from "../../src/gateway/options.ts";
import { membersOf } from "../../src/gateway/servers/pool-members.ts";
import { createDice } from "./fleet-clock.ts";
import { median } from "./statistics.ts";
import { createFleet, type Fleet, type FleetShape } from "./fleet-model.ts";

export type FleetSize = {
  readonly gateways: number;
  readonly servers: number;
  /** Servers in the list of each gateway. */
  readonly listed: number;
  readonly sessions: number;
  /** Processes begin with servers of their own, each with another; true by default. */
  readonly shuffles?: boolean;
  readonly seed: number;
};

const connectMs = { taken: 30, refused: 10, silent: 1000 };
const backoffMs = [1000, 5000] as const;
const fillMs = 300_000;

function shapeOf({ gateways, servers, listed, shuffles = true }: FleetSize, balance: Balance): FleetShape {
  return { gateways, servers, listed, balance, shuffles, connectMs, backoffMs };
}

/** All sessions come within five minutes, and stay. */
function filled(size: FleetSize, balance: Balance): Fleet {
  const dice = createDice(size.seed);
  const fleet = createFleet(shapeOf(size, balance), dice);
  for (let count = 0; count < size.sessions; count++) {
    fleet.clock.after(dice() * fillMs, () => fleet.arrive(`client ${count}`));
  }
  fleet.clock.runUntil(fillMs + 10_000);
  return fleet;
}

/** Of its mean, the least, the 99th hundredth and the most that one of them has. */
export type Spread = { readonly mean: number; readonly least: number; readonly p99: number; readonly most: number };

export function spreadOf(counts: Iterable<number>): Spread {
  const sorted = [...counts].toSorted((one, other) => one - other);
  const mean = sorted.reduce((sum, count) => sum + count, 0) / sorted.length;
  const relative = (share: number): number => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0) / mean;
  return { mean, least: relative(0), p99: relative(0.99), most: relative(1) };
}

export function spread(size: FleetSize, balance: Balance): { readonly servers: Spread; readonly gateways: Spread } {
  const { notes } = filled(size, balance);
  return { servers: spreadOf(notes.perServer), gateways: spreadOf(notes.perGateway) };
}

export type Storm = {
  readonly lost: number;
  /** Sessions that are there again. */
  readonly again: number;
  /** From the loss to the next session, of those who have one again. */
  readonly outageSeconds: { readonly p50: number; readonly p99: number; readonly most: number };
  readonly failed: number;
  readonly refused: number;
  readonly peakAtGateway: number;
  readonly peakAtServer: number;
  readonly after: Spread;
};

function storm(fleet: Fleet, happen: () => void, forMs = 120_000): Storm {
  const { notes, clock } = fleet;
  fleet.forget();
  const before = notes.perServer.reduce((sum, count) => sum + count, 0);
  happen();
  const lost = before - notes.perServer.reduce((sum, count) => sum + count, 0);
  clock.runUntil(clock.now() + forMs);
  const outages = notes.outagesMs.toSorted((one, other) => one - other);
  const at = (share: number): number => (outages[Math.floor((outages.length - 1) * share)] ?? 0) / 1000;
  const { failed, refused, peakAtGateway, peakAtServer } = notes;
  const standing = [...notes.perServer].filter((count) => count > 0);
  const outageSeconds = { p50: at(0.5), p99: at(0.99), most: at(1) };
  return {
    lost,
    again: outages.length,
    outageSeconds,
    failed,
    refused,
    peakAtGateway,
    peakAtServer,
    after: spreadOf(standing),
  };
}

export type Failures = {
  readonly filled: { readonly servers: Spread; readonly gateways: Spread };
  readonly storms: Readonly<
    Record<"a twentieth of the servers refuses" | "a twentieth is silent" | "a third of the gateways is gone", Storm>
  >;
};

/** One fleet, one failure after the other; what has fallen is back before the next, and two minutes have passed. */
export function failures(size: FleetSize): Failures {
  const fleet = filled(size, "least-sessions");
  const spreads = { servers: spreadOf(fleet.notes.perServer), gateways: spreadOf(fleet.notes.perGateway) };
  const twentieth = Math.max(1, Math.floor(size.servers / 20));
  const third = Math.max(1, Math.floor(size.gateways / 3));
  const refuses = storm(fleet, () => fleet.setServers(0, twentieth, "refuses"));
  fleet.setServers(0, twentieth, "up");
  const silent = storm(fleet, () => fleet.setServers(twentieth, 2 * twentieth, "silent"));
  fleet.setServers(twentieth, 2 * twentieth, "up");
  const gone = storm(fleet, () => fleet.setGateways(0, third, false));
  return {
    filled: spreads,
    storms: {
      "a twentieth of the servers refuses": refuses,
      "a twentieth is silent": silent,
      "a third of the gateways is gone": gone,
    },
  };
}

export type DrainFigures = {
  /** Of one gateway, in seconds, by the share of gateways that are through. */
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  /** Transfers that were still running after the drain time, of all that ran. */
  readonly cut: number;
  readonly running: number;
  /** Of the whole fleet, so many gateways at once. */
  readonly allMinutes: number;
};

export type DrainModel = {
  /** The share of sessions that carry a transfer. */
  readonly busy: number;
  /** Length of a transfer, log-normal: median seconds, and the deviation of its logarithm. */
  readonly medianSeconds: number;
  readonly deviation: number;
  readonly drainSeconds: number;
  /** Gateways that drain at once, as a share of all. */
  readonly batch: number;
};

/** Sessions without a transfer end at once; the others have what is left of theirs, `timeouts.drain` at most. */
export function drain({ gateways, sessions, seed }: FleetSize, model: DrainModel): DrainFigures {
  const dice = createDice(seed);
  const times: number[] = [];
  const batches: number[] = [];
  const atOnce = Math.max(1, Math.floor(gateways * model.batch));
  let [running, cut] = [0, 0];
  for (let gateway = 0; gateway < gateways; gateway++) {
    let longest = 0;
    for (let count = 0; count < sessions / gateways; count++) {
      if (dice() >= model.busy) continue;
      running += 1;
      const left = restOfTransfer(model, dice);
      if (left > model.drainSeconds) cut += 1;
      longest = Math.max(longest, Math.min(left, model.drainSeconds));
    }
    times.push(longest);
    const batch = Math.floor(gateway / atOnce);
    batches[batch] = Math.max(batches[batch] ?? 0, longest);
  }
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  const allMinutes = batches.reduce((sum, longest) => sum + longest, 0) / 60;
  return { p50: at(0.5), p99: at(0.99), most: at(1), cut, running, allMinutes };
}

/** A transfer that is found running is a long one, in proportion to its length, and anywhere within it. */
function restOfTransfer({ medianSeconds, deviation }: DrainModel, dice: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - dice())) * Math.cos(2 * Math.PI * dice());
  return medianSeconds * Math.exp(deviation * normal + deviation ** 2) * dice();
}

/** Microseconds (median) that a pool of so many servers takes to choose one, on this machine. */
export function timeOfChoice(listed: number, balance: Balance, rounds = 200): number {
  const pool = createServerPool({ now: () => 0 });
  const members = Array.from({ length: listed }, (_, index) => {
    const name = `server-${index}.example.net:21`;
    return membersOf({ name, server: { host: "192.0.2.1", port: 21 }, weight: 1 }, [])[0]!;
  });
  const choose = (client: string): void => {
    const [member] = pool.order(members, { balance, fall: 3, everyMs: 10_000, slowStartMs: 0 }, client);
    if (member !== undefined) pool.entered(member);
  };
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    choose(`client ${round}`);
    times.push(performance.now() - began);
  }
  return (median(times) ?? 0) * 1000;
}
