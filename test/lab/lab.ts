// A lab: three network namespaces (client, edge, server) joined by cables, with real programs in them. Names are unique to
// the process, so several labs run side by side; the keeper removes everything whatever becomes of the owner.
import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { labHome, labMark, startKeeper } from "./keeper.ts";
import { output, run, start, type Finished, type Running, type RunOptions } from "./process.ts";
import { program } from "./programs.ts";
import { natRuleset, places, placeWiring, shortPlace, wiring, type EdgeKind, type Place } from "./topology.ts";

export type Lab = {
  readonly name: string;
  readonly edge: EdgeKind;
  /** This lab's files; gone with the lab. */
  readonly folder: string;
  run(place: Place, command: readonly string[], options?: RunOptions): Promise<Finished>;
  start(place: Place, command: readonly string[], options?: RunOptions): Running;
  /** How many packets the edge's firewall dropped so far. */
  droppedPackets(): Promise<number>;
  remove(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

let created = 0;

async function configure(namespace: Record<Place, string>, edge: EdgeKind, env: Record<string, string>): Promise<void> {
  for (const place of places) {
    await output(["ip", "netns", "add", namespace[place]]);
  }
  await output(["ip", "-batch", "-"], { input: wiring(namespace) });
  for (const place of places) {
    await output(["ip", "-n", namespace[place], "-batch", "-"], { input: placeWiring(place) });
  }
  const onEdge = ["ip", "netns", "exec", namespace.edge];
  const forwarding = "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding";
  await output([...onEdge, "sh", "-ec", forwarding]);
  if (edge === "nat") await output([...onEdge, "nft", "-f", "-"], { input: natRuleset, env });
}

/** IPv6 is deaf until the kernel has noticed that the other end of a cable is up, which takes it up to a second. */
async function untilReady(namespace: Record<Place, string>): Promise<void> {
  for (let waited = 0; waited < 5000; waited += 20) {
    const shown = await Promise.all(
      places.map((place) =>
        output(["ip", "-n", namespace[place], "-6", "-o", "addr", "show", "scope", "link", "-tentative"]),
      ),
    );
    const links = shown
      .join("")
      .split("\n")
      .filter((line) => line !== "").length;
    if (links === 4) return;
    await sleep(20);
  }
  throw new Error("the links do not come up");
}

/** Where `nft` is, for the edge and for a gateway that runs there. */
async function firewallEnv(): Promise<Record<string, string>> {
  const nft = await program("nft");
  return { ...nft.env, PATH: `${path.dirname(nft.path)}:${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
}

async function build(edge: EdgeKind, ready: boolean): Promise<Lab> {
  const name = `ftpalg-${process.pid}-${++created}`;
  const folder = path.join(labHome(), name);
  const namespace = Object.fromEntries(places.map((place) => [place, `${name}-${shortPlace[place]}`])) as Record<
    Place,
    string
  >;
  const env = await firewallEnv();
  const keeper = startKeeper(folder, Object.values(namespace), env);
  try {
    await mkdir(folder);
    // Servers give up their privileges and have to reach their files below it.
    await chmod(folder, 0o755);
    await configure(namespace, edge, env);
    if (ready) await untilReady(namespace);
  } catch (error) {
    await keeper.release();
    throw error;
  }
  // No name server answers in here, and clients that look up addresses backwards would wait for one. `ip netns exec`
  // gives every process its own mounts, so this is seen by nobody else.
  const resolver = path.join(folder, "resolv.conf");
  await writeFile(resolver, "");
  const inside = (place: Place, command: readonly string[]): string[] => [
    ...["ip", "netns", "exec", namespace[place]],
    ...["sh", "-c", 'mount --bind "$1" /etc/resolv.conf 2>/dev/null; shift; exec "$@"', "sh", resolver],
    ...command,
  ];
  const withEnv = (given: RunOptions = {}): RunOptions => ({
    cwd: folder,
    ...given,
    env: { ...env, [labMark]: name, ...given.env },
  });
  const lab: Lab = {
    name,
    edge,
    folder,
    run: (place, command, given) => run(inside(place, command), withEnv(given)),
    start: (place, command, given) => start(inside(place, command), withEnv(given)),
    async droppedPackets() {
      const listed = await lab.run("edge", ["nft", "list", "counter", "inet", "edge", "refused"]);
      return Number(/packets (\d+)/.exec(listed.stdout.toString())?.[1]);
    },
    remove: () => keeper.release(),
    [Symbol.asyncDispose]: () => keeper.release(),
  };
  return lab;
}

export const createLab = (options: { readonly edge?: EdgeKind } = {}): Promise<Lab> =>
  build(options.edge ?? "nat", true);

/** Why no lab can be built here, or undefined; the same few steps are tried that a lab needs. */
export async function labObstacle(): Promise<string | undefined> {
  if (process.platform !== "linux") return `network namespaces are Linux's, this is ${process.platform}`;
  try {
    const lab = await build("nat", false);
    await lab.remove();
    return undefined;
  } catch (error) {
    // Without the lab's name, so that all files give one and the same reason.
    const said = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    return `no lab can be built: ${said.replaceAll(/ftpalg-\d+-\d+-/g, "")}`;
  }
}

/** Writes one of the lab's files, and gives its path. */
export async function labFile(lab: Lab, name: string, content: string | Buffer, mode = 0o644): Promise<string> {
  const file = path.join(lab.folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content, { mode });
  return file;
}
