// Who clears up. Every lab has a keeper: a small shell outside the owner's process group that waits for the owner's end of
// a pipe to close and then removes processes, namespaces and files. So the same few lines run whether a lab is removed in
// good order, its test fails, or its owner is interrupted or killed. What a killed keeper leaves, `sweep` removes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { output, run } from "./process.ts";

/** Every process in a lab has this in its environment, with the lab's name. */
export const labMark = "FTPALG_LAB";

export type Keeper = {
  /** Removes everything; rejects when something could not be removed. */
  release(): Promise<void>;
};

/**
 * $1 is the lab's name, $2 its folder, the rest are namespaces. Signals are ignored: the owner's death is what ends it.
 * A server may have moved into a network namespace of its own (vsftpd does), so processes are found by the mark in their
 * environment too.
 */
const script = `
trap '' HUP INT TERM PIPE
read -r nothing
name=$1; folder=$2; shift 2
members() {
  for namespace do ip netns pids "$namespace"; done
  grep -lzxF "${labMark}=$name" /proc/[0-9]*/environ | cut -d/ -f3
}
round=0
# A process may fork while its parent is being killed.
while pids=$(members "$@" 2>/dev/null) && [ -n "$pids" ] && [ $round -lt 50 ]; do
  kill -9 $pids 2>/dev/null; round=$((round + 1)); sleep 0.02
done
for namespace do ip netns del "$namespace" 2>/dev/null; done
rm -rf -- "$folder"
for namespace do [ ! -e "/run/netns/$namespace" ] || exit 1; done
[ ! -e "$folder" ]
`;

const keep = (folder: string, namespaces: readonly string[]): string[] => [
  ...["sh", "-c", script, "ftpalg-keeper", path.basename(folder), folder],
  ...namespaces,
];

/** From now on these are removed when this process ends, however it ends. */
export function startKeeper(folder: string, namespaces: readonly string[], env: Record<string, string>): Keeper {
  const [file = "sh", ...args] = keep(folder, namespaces);
  const child = spawn(file, args, {
    cwd: "/",
    env: { ...process.env, ...env },
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.stdin.on("error", () => {});
  const closed = once(child, "close") as Promise<[number | null]>;
  // The owner may end before the keeper does.
  child.unref();
  return {
    async release() {
      child.ref();
      child.stdin.end();
      const [status] = await closed;
      if (status !== 0) throw new Error(`the keeper of ${folder} ended with ${String(status)}`);
    },
  };
}

const neededBytes = 1024 ** 3;

/** Where labs keep their files: in memory where there is room, so that no test waits for a disk. */
export function labHome(): string {
  const memory = "/dev/shm";
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize >= neededBytes ? memory : tmpdir();
}

export const labName = /^ftpalg-(\d+)-\d+(?=-|$)/;

const isAlive = (pid: string): boolean => existsSync(`/proc/${pid}`);

/** Names of labs of which something is left, be it a namespace or a folder; with `owner`, only that process's. */
export async function labsPresent(owner?: number): Promise<string[]> {
  const found = new Set<string>();
  const note = (entry: string): void => {
    const match = labName.exec(entry);
    if (match !== null && (owner === undefined || match[1] === String(owner))) found.add(match[0]);
  };
  (await output(["ip", "netns", "list"])).split("\n").forEach(note);
  for (const home of new Set([labHome(), tmpdir()])) readdirSync(home).forEach(note);
  return [...found].toSorted();
}

function mentions(pid: string): string[] {
  try {
    const text = ["cmdline", "environ"].map((name) => readFileSync(`/proc/${pid}/${name}`, "latin1")).join("\0");
    return text.match(/ftpalg-\d+-\d+/g) ?? [];
  } catch {
    // It is gone.
    return [];
  }
}

/** Process ids by the lab that they belong to, their keepers included. */
export function labProcesses(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    for (const lab of new Set(mentions(pid))) found.set(lab, [...(found.get(lab) ?? []), pid]);
  }
  return found;
}

/** Removes what labs of dead processes left. */
export async function sweep(): Promise<void> {
  const list = (await output(["ip", "netns", "list"])).split("\n").map((line) => line.split(" ")[0] ?? "");
  for (const lab of await labsPresent()) {
    const owner = labName.exec(lab)?.[1];
    if (owner === undefined || isAlive(owner)) continue;
    const namespaces = list.filter((name) => labName.exec(name)?.[0] === lab);
    const folders = [...new Set([labHome(), tmpdir()])].map((home) => path.join(home, lab));
    await run(keep(folders[0] ?? "", namespaces), { input: "" });
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}
