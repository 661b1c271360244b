// What is measured, each in one run of one client against one contender.
import { setTimeout as sleep } from "node:timers/promises";
import type { Contender, Mode } from "./contender.ts";
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
  /** Not measured with contenders that do not offer it. */
  readonly mode: Mode;
  /** Begins with a new process. */
  readonly fresh?: boolean;
  /** Nothing stands in the way of going direct, so there is nothing to measure. */
  readonly needsProcess?: boolean;
  run(stage: Stage, contender: Contender, options: Options): Promise<Values>;
};

const gibibyte = 1024 ** 3;
/** So slow that waiting for it is no use: 20 MiB/s and a while, 20 files, logins or commands a second. */
const bulkLimitMs = (size: number): number => 20_000 + (size / (20 * 1024 ** 2)) * 1000;
const countLimitMs = (count: number): number => 10_000 + count * 50;

const who = ({ host, port, user }: Contender): [string, number, string] => [host, port, user];

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
  mode,
  async run(stage, contender, { size }) {
    const each = Math.floor(size / atOnce);
    const total = each * atOnce;
    const client = stage.python("client", "bulk.py", [...who(contender), direction, mode, each, atOnce]);
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

const smallFiles = (mode: Mode): Measure => ({
  name: `small files ${mode}`,
  section: "small",
  mode,
  async run(stage, contender, { files }) {
    const client = stage.python("client", "small_files.py", [...who(contender), mode, files]);
    const { seconds = Number.NaN } = await converse(client, countLimitMs(files));
    return { perSecond: files / seconds };
  },
});

const roundTrips = (stage: Stage, contender: Contender, command: string, count: number): Promise<Values> =>
  converse(stage.python("client", "round_trips.py", [...who(contender), command, count]), countLimitMs(count));

const noop: Measure = {
  name: "NOOP",
  section: "noop",
  mode: "passive",
  run: (stage, contender, { roundTrips: count }) => roundTrips(stage, contender, "NOOP", count),
};

const pinhole: Measure = {
  name: "PASV",
  section: "pinhole",
  mode: "passive",
  async run(stage, contender, { roundTrips: count }) {
    // Every one of them takes a port of the range, and it rests for a while.
    const half = Math.ceil(count / 2);
    const { metrics } = contender;
    if (metrics === undefined) return roundTrips(stage, contender, "PASV", half);
    const before = await readMetrics(stage, metrics);
    const values = await roundTrips(stage, contender, "PASV", half);
    const after = await readMetrics(stage, metrics);
    const own = (quantile: number): number =>
      histogramQuantile(before, after, "ftp_alg_pinhole_open_seconds", quantile) ?? Number.NaN;
    return { ...values, ownP50: own(0.5), ownP99: own(0.99) };
  },
};

const logins = (atOnce: number): Measure => ({
  name: `logins, ${atOnce} at once`,
  section: "logins",
  mode: "passive",
  async run(stage, contender, { logins: most }) {
    // Whoever starts a process for each session is slow enough to be measured with fewer.
    const count = contender.processPerSession === true ? Math.ceil(most / 5) : most;
    const client = stage.python("client", "sessions.py", [...who(contender), count, atOnce, "quit"]);
    const { seconds = Number.NaN } = await converse(client, countLimitMs(count));
    return { perSecond: count / seconds };
  },
});

const warmUpSessions = 100;
const settleMs = 1000;

const idle: Measure = {
  name: "idle sessions",
  section: "idle",
  mode: "passive",
  fresh: true,
  needsProcess: true,
  async run(stage, contender, { sessions }) {
    const { process, processPerSession } = contender;
    if (process === undefined) throw new Error("no process to look at");
    const count = processPerSession === true ? Math.ceil(sessions / 20) : sessions;
    // The code that a session needs is loaded and compiled with the first ones; it is not theirs.
    const warmUp = stage.python("client", "sessions.py", [...who(contender), warmUpSessions, 10, "quit"]);
    await converse(warmUp, countLimitMs(warmUpSessions));
    await sleep(settleMs);
    const before = await memory(await family(process.pid));
    const client = stage.python("client", "sessions.py", [...who(contender), count, 20, "stay"]);
    let after = before;
    await converse(client, countLimitMs(count), {
      async after() {
        await sleep(settleMs);
        after = await memory(await family(process.pid));
      },
    });
    return { kibPerSession: grown(before, after) / count, sessions: count };
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
  smallFiles("passive"),
  smallFiles("active"),
  noop,
  logins(1),
  logins(10),
  logins(50),
  pinhole,
];
