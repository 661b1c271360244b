// What processes and the machine have used so far. A process counts with all its descendants, because some peers start one
// for each session.
import { readdir, readFile } from "node:fs/promises";

async function parents(): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, "latin1").catch(() => "");
    // The name in parentheses may hold anything.
    const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
    if (parent !== undefined) found.set(Number(entry), Number(parent));
  }
  return found;
}

/** The process and all that came from it. */
export async function family(root: number): Promise<number[]> {
  const all = await parents();
  const members = [root];
  for (const member of members) {
    for (const [pid, parent] of all) if (parent === member) members.push(pid);
  }
  return members;
}

async function threadSeconds(pid: number, thread: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, "latin1").catch(() => "0");
  return Number(text.split(" ")[0]) / 1e9;
}

/** With those of threads that have ended, and to a tick of 10 ms. */
async function processSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return (user + system) / 100;
}

/** CPU seconds of living processes. */
export async function cpuSeconds(pids: readonly number[]): Promise<number> {
  let sum = 0;
  for (const pid of pids) {
    const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
    const living = await Promise.all(threads.map((thread) => threadSeconds(pid, thread)));
    // Some have a thread for each connection.
    sum += Math.max(
      living.reduce((all, one) => all + one, 0),
      await processSeconds(pid),
    );
  }
  return sum;
}

/** Seconds in which a core of this machine was busy, whoever kept it so; exact to a tick of 10 ms for each core. */
export async function machineSeconds(): Promise<number> {
  const [line = ""] = (await readFile("/proc/stat", "latin1")).split("\n");
  const [user = 0, nice = 0, system = 0, , , hardIrq = 0, softIrq = 0] = line.split(/ +/).slice(1).map(Number);
  return (user + nice + system + hardIrq + softIrq) / 100;
}

async function kibibytes(pid: number, file: string, field: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/${file}`, "latin1").catch(() => "");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0);
}

export type Memory = {
  readonly processes: number;
  /** KiB resident, as `ps` shows it. */
  readonly resident: number;
  /** KiB where a page that several processes share counts once. */
  readonly proportional: number;
};

export async function memory(pids: readonly number[]): Promise<Memory> {
  let resident = 0;
  let proportional = 0;
  for (const pid of pids) {
    resident += await kibibytes(pid, "status", "VmRSS");
    proportional += await kibibytes(pid, "smaps_rollup", "Pss");
  }
  return { processes: pids.length, resident, proportional };
}

/** KiB that came on top. What the sessions' own processes share must not be counted with each of them. */
export function grown(before: Memory, after: Memory): number {
  if (before.processes === after.processes) return after.resident - before.resident;
  return after.proportional - before.proportional;
}
