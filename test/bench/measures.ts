// What is measured, each in one run of one client against one contender.
import { setTimeout as sleep } from "node:timers/promises";
import type { Contender, Entrance, Mode, ServerName } from "./contender.ts";
import { readMetrics } from "./contenders/gateway.ts";
import { converse, type Moments } from "./conversation.ts";
import { histogramQuantile } from "./exposition.ts";
import { cpuSeconds, family, grown, machineSeconds, memory } from "./load.ts";
import type { Options, Section } from "./options.ts";
import type { Values } from "./row.ts";
import type { Stage } from "./stage.ts";

export type Measure = {
  readonly name: string;
  readonly section: Section;
  readonly server: ServerName;
  /** Not measured with contenders that do not offer it; none where no data is moved. */
  readonly mode?: Mode;
  /** Begins with a new process. */
  readonly fresh?: boolean;
  /** Nothing stands in the way of going direct, so there is nothing to measure. */
  readonly needsProcess?: boolean;
  run(stage: Stage, contender: Contender, entrance: Entrance, options: Options): Promise<Values>;
};

const gibibyte = 1024 ** 3;
/** So slow that waiting for it is no use: 20 MiB/s, or 10 ms for a command. */
const bulkLimitMs = (size: number): number => 20_000 + (size / (20 * 1024 ** 2)) * 1000;
const countLimitMs = (count: number): number => 10_000 + count * 10;
/** Whoever is so slow that the whole number takes longer is measured with fewer. */
const enoughSeconds = 10;
const enoughLimitMs = 60_000;

const who = ({ host, port, user }: Entrance): [string, number, string] => [host, port, user];

type Direction = "download" | "upload";

/** CPU of the contender and of the machine for the time of the transfer. */
function watched(contender: Contender): { readonly moments: Moments; used(): { own: number; machine: number } } {
  const own: number[] = [];
  const machine: number[] = [];
  const look = async (): Promise<void> => {
    if (contender.process !== undefined) own.push(await cpuSeconds(await family(contender.process.pid)));
    machine.push(await machineSeconds());
  };
  const between = ([first = 0, last = 0]: readonly number[]): number => last - first;
  return {
    moments: { before: look, after: look },
    used: () => ({ own: between(own), machine: between(machine) }),
  };
}

const bulk = (direction: Direction, mode: Mode, atOnce = 1): Measure => ({
  name: atOnce === 1 ? `${direction} ${mode}` : `${direction} ${mode}, ${atOnce} at once`,
  section: atOnce === 1 ? "bulk" : "parallel",
  server: "light",
  mode,
  async run(stage, contender, entrance, { size }) {
    const each = Math.floor(size / atOnce);
    const total = each * atOnce;
    const client = stage.python("client", "bulk.py", [...who(entrance), direction, mode, each, atOnce]);
    const cpu = watched(contender);
    const { seconds = Number.NaN } = await converse(client, bulkLimitMs(total), cpu.moments);
    const { own, machine } = cpu.used();
    return {
      bytesPerSecond: total / seconds,
      // What the kernel does on behalf of a contender without a process shows in the machine's figure alone.
      cpuPerGibibyte: own / (total / gibibyte),
      machineCpuPerGibibyte: machine / (total / gibibyte),
    };
  },
});

/** The same again and again: how many in a second, and the contender's CPU for each. */
async function series(
  stage: Stage,
  contender: Contender,
  script: string,
  args: readonly (string | number)[],
): Promise<Values> {
  const client = stage.python("client", script, args);
  const cpu = watched(contender);
  const { done = Number.NaN, seconds = Number.NaN } = await converse(client, enoughLimitMs, cpu.moments);
  // Processes of sessions that are over can't be asked any more.
  const isCounted = script !== "sessions.py" || contender.processPerSession !== true;
  return { perSecond: done / seconds, ...(isCounted ? { cpuEach: cpu.used().own / done } : {}) };
}

const named = (name: string, server: ServerName): string => (server === "light" ? name : `${name}, ${server}`);

const smallFiles = (mode: Mode, server: ServerName): Measure => ({
  name: named(`small files ${mode}`, server),
  section: "small",
  server,
  mode,
  run(stage, contender, entrance, { files }) {
    return series(stage, contender, "small_files.py", [...who(entrance), mode, files, enoughSeconds]);
  },
});

async function roundTrips(
  stage: Stage,
  contender: Contender,
  entrance: Entrance,
  command: string,
  count: number,
): Promise<Values> {
  const client = stage.python("client", "round_trips.py", [...who(entrance), command, count]);
  const cpu = watched(contender);
  const {
    p50 = Number.NaN,
    p99 = Number.NaN,
    done = Number.NaN,
  } = await converse(client, countLimitMs(count), cpu.moments);
  return { p50, p99, cpuEach: cpu.used().own / done };
}

const noop: Measure = {
  name: "NOOP",
  section: "noop",
  server: "light",
  run: (stage, contender, entrance, { roundTrips: count }) => roundTrips(stage, contender, entrance, "NOOP", count),
};

const pinhole: Measure = {
  name: "PASV",
  section: "pinhole",
  server: "light",
  mode: "passive",
  async run(stage, contender, entrance, { roundTrips: count }) {
    // Every one of them takes a port of the range, and it rests for a while.
    const half = Math.ceil(count / 2);
    const { metrics } = contender;
    if (metrics === undefined) return roundTrips(stage, contender, entrance, "PASV", half);
    const before = await readMetrics(stage, metrics);
    const values = await roundTrips(stage, contender, entrance, "PASV", half);
    const after = await readMetrics(stage, metrics);
    const own = (quantile: number): number | undefined =>
      histogramQuantile(before, after, "ftp_alg_pinhole_open_seconds", quantile);
    const ownP50 = own(0.5);
    const ownP99 = own(0.99);
    return ownP50 === undefined || ownP99 === undefined ? values : { ...values, ownP50, ownP99 };
  },
};

const logins = (atOnce: number, server: ServerName): Measure => ({
  name: named(`logins, ${atOnce} at once`, server),
  section: "logins",
  server,
  run(stage, contender, entrance, { logins: count }) {
    return series(stage, contender, "sessions.py", [...who(entrance), count, atOnce, "quit", enoughSeconds]);
  },
});

const warmUpSessions = 100;
const settleMs = 1000;

const scrapes = 20;

/** How long our own gateways take to tell their metrics, while the sessions are there. */
async function scrapeTimes(stage: Stage, { metrics }: Contender): Promise<Values> {
  if (metrics === undefined) return {};
  const { p50 = Number.NaN, p99 = Number.NaN } = await converse(
    stage.python("client", "scrapes.py", [metrics, scrapes]),
    enoughLimitMs,
  );
  return { scrapeP50: p50, scrapeP99: p99 };
}

const idle: Measure = {
  name: "idle sessions",
  section: "idle",
  server: "light",
  fresh: true,
  needsProcess: true,
  async run(stage, contender, entrance, { sessions }) {
    const { process, processPerSession } = contender;
    if (process === undefined) throw new Error("no process to look at");
    const count = processPerSession === true ? Math.ceil(sessions / 20) : sessions;
    // The code that a session needs is loaded and compiled with the first ones; it is not theirs.
    const warmUp = stage.python("client", "sessions.py", [...who(entrance), warmUpSessions, 10, "quit", enoughSeconds]);
    await converse(warmUp, enoughLimitMs);
    await sleep(settleMs);
    const before = await memory(await family(process.pid));
    const client = stage.python("client", "sessions.py", [...who(entrance), count, 20, "stay", enoughLimitMs / 1000]);
    let after = before;
    let scrape: Values = {};
    const { done = Number.NaN } = await converse(client, 2 * enoughLimitMs, {
      async after() {
        await sleep(settleMs);
        after = await memory(await family(process.pid));
        scrape = await scrapeTimes(stage, contender);
      },
    });
    return { kibPerSession: grown(before, after) / done, sessions: done, ...scrape };
  },
};

/** In the order in which they are run. */
export const measures: readonly Measure[] = [
  idle,
  bulk("download", "passive"),
  bulk("download", "active"),
  bulk("upload", "passive"),
  bulk("upload", "active"),
  bulk("download", "passive", 4),
  smallFiles("passive", "light"),
  smallFiles("active", "light"),
  smallFiles("passive", "vsftpd"),
  smallFiles("active", "vsftpd"),
  noop,
  logins(1, "light"),
  logins(10, "light"),
  logins(50, "light"),
  // It accepts 32 connections at a time, so more at once would measure lost packets.
  logins(10, "vsftpd"),
  pinhole,
];
