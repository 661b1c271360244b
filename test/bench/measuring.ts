// Measuring: what the measures have in common. A client of the bench is led, and the contender's processor time looked at meanwhile.
import { who, type Contender, type Entrance, type Mode, type ServerName } from "./contender.ts";
import { converse, type Moments } from "./conversation.ts";
import { cpuSeconds, family, machineSeconds } from "./load.ts";
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

export const gibibyte = 1024 ** 3;
/** So slow that waiting for it is no use: 20 MiB/s, or 10 ms for a command. */
export const bulkLimitMs = (size: number): number => 20_000 + (size / (20 * 1024 ** 2)) * 1000;
const countLimitMs = (count: number): number => 10_000 + count * 10;
/** Whoever is so slow that the whole number takes longer is measured with fewer. */
export const enoughSeconds = 10;
export const enoughLimitMs = 60_000;

export type Direction = "download" | "upload";

/** CPU of the contender and of the machine for the time of the transfer. */
export function watched(contender: Contender): { readonly moments: Moments; used(): { own: number; machine: number } } {
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

export type Transfers = { readonly direction: Direction; readonly mode: Mode; readonly atOnce: number };

/** One file of the size that was asked for, or as many at once that are as large together. */
export async function carry(
  { direction, mode, atOnce }: Transfers,
  stage: Stage,
  contender: Contender,
  entrance: Entrance,
  { size }: Pick<Options, "size">,
): Promise<Values> {
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
}

/** The same again and again: how many in a second, and the contender's CPU for each. */
export async function series(
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

export async function roundTrips(
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
