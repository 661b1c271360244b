// What is measured, each in one run of one client against one contender.
import { setTimeout as sleep } from "node:timers/promises";
import type { Contender, Mode, ServerName } from "./contender.ts";
import { readMetrics } from "./contenders/gateway.ts";
import { converse } from "./conversation.ts";
import { histogramQuantile } from "./exposition.ts";
import { family, grown, memory } from "./load.ts";
import {
  bulkLimitMs,
  type Direction,
  enoughLimitMs,
  enoughSeconds,
  gibibyte,
  type Measure,
  roundTrips,
  series,
  watched,
  who,
} from "./measuring.ts";
import type { Values } from "./row.ts";
import type { Stage } from "./stage.ts";

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
