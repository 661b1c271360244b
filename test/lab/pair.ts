// A pair of gateways that stand in for each other: two machines with keepalived, conntrackd and a gateway each, as deploy/keepalived has
// them, between a client and a server, in namespaces of their own.
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { labHome, labMark, startKeeper } from "./keeper.ts";
import { deployFolder } from "./monitored-gateway.ts";
import { output, run, start, type Running } from "./process.ts";
import { program } from "./programs.ts";

export type Member = "a" | "b";

export type Pair = {
  readonly server: Running;
  /** Connects to the address that moves, and tells what becomes of its sessions. */
  startClient(): Running;
  /** The member that has the addresses now. */
  primary(): Promise<Member | undefined>;
  /** As if its plug was pulled: its cables are dead and its programs are gone. */
  cut(member: Member): Promise<void>;
  /** Connections that are tracked there. */
  tracked(member: Member): Promise<string>;
  log(member: Member): string;
  [Symbol.asyncDispose](): Promise<void>;
};

const clientsAddress = "192.0.2.1";
const serverAddress = "10.0.0.5";
const own: Record<Member, number> = { a: 2, b: 3 };
const other: Record<Member, Member> = { a: "b", b: "a" };
const members: readonly Member[] = ["a", "b"];
const peers = path.join(import.meta.dirname, "pair-process.ts");
const main = path.resolve(import.meta.dirname, "../../src/main.ts");

let built = 0;

export async function createPair(): Promise<Pair> {
  const name = `ftpalg-${process.pid}-pair${++built}`;
  const folder = path.join(labHome(), name);
  const namespaces = ["cli", "srv", "a", "b", "lan", "wan"].map((place) => `${name}-${place}`);
  const libraries = await programEnv();
  const keeper = startKeeper(folder, namespaces, libraries);
  const env = { ...libraries, [labMark]: name };
  const within = (place: string, ...command: readonly string[]): string[] => [
    ...["ip", "netns", "exec", `${name}-${place}`],
    ...command,
  ];
  const running: Record<Member, Running[]> = { a: [], b: [] };
  try {
    await mkdir(folder);
    await wire(name, namespaces, libraries);
    const server = start(within("srv", process.execPath, peers, "serve", serverAddress), { cwd: folder, env });
    await server.line(/"serving"/, 30_000);
    for (const member of members) {
      const programs = await write(folder, member, env);
      running[member] = programs.map((command) => start(within(member, ...command), { cwd: folder, env }));
      await running[member][0]?.line(/"listening"/, 30_000);
      await running[member][2]?.line(/Entering (BACKUP|MASTER) STATE/, 30_000);
    }
    return {
      server,
      startClient: () =>
        start(within("cli", process.execPath, peers, "download", clientsAddress), { cwd: folder, env }),
      async primary() {
        for (const member of members) {
          const shown = await output(within(member, "ip", "-4", "-o", "addr"));
          if (shown.includes(`${clientsAddress}/32`) && shown.includes("10.0.0.1/32")) return member;
        }
        return undefined;
      },
      async cut(member) {
        const ip = ["ip", "-n", `${name}-${member}`, "link", "set", "dev"];
        for (const device of ["lan", "wan", "sync"]) await output([...ip, device, "down"]);
        for (const one of running[member]) one.kill("SIGKILL");
      },
      async tracked(member) {
        const { stdout } = await run(within(member, "conntrack", "-L", "-p", "tcp"), { env });
        return stdout.toString();
      },
      log: (member) => running[member].map((one) => one.output()).join("\n"),
      [Symbol.asyncDispose]: () => keeper.release(),
    };
  } catch (error) {
    await keeper.release();
    throw error;
  }
}

/** Each program finds its own libraries among those of all. */
async function programEnv(): Promise<Record<string, string>> {
  const programs = await Promise.all(
    (["nft", "keepalived", "conntrackd", "conntrack", "python3"] as const).map(program),
  );
  const libraries = programs.flatMap(({ env }) => env["LD_LIBRARY_PATH"] ?? []);
  const home = programs.flatMap(({ env }) => env["PYTHONHOME"] ?? []);
  return {
    PATH: [...programs.map(({ path: file }) => path.dirname(file)), process.env["PATH"], "/usr/sbin:/sbin"].join(":"),
    ...(libraries.length > 0 && { LD_LIBRARY_PATH: libraries.join(":") }),
    ...(home[0] !== undefined && { PYTHONHOME: home[0] }),
  };
}

/** Client and both gateways on one switch, server and both on another, a cable between the two. */
async function wire(name: string, namespaces: readonly string[], env: Record<string, string>): Promise<void> {
  for (const namespace of namespaces) await output(["ip", "netns", "add", namespace]);
  const cable = (from: string, device: string, to: string, there: string): string =>
    `link add name ${device} netns ${name}-${from} type veth peer name ${there} netns ${name}-${to}\n`;
  const cables = [
    ...["cli", "a", "b"].map((place) => cable(place, "lan", "lan", `port-${place}`)),
    ...["srv", "a", "b"].map((place) => cable(place, "wan", "wan", `port-${place}`)),
    cable("a", "sync", "b", "sync"),
  ];
  await output(["ip", "-batch", "-"], { input: cables.join("") });
  const batch = (place: string, ...lines: readonly string[]): Promise<string> =>
    output(["ip", "-n", `${name}-${place}`, "-batch", "-"], { input: `${lines.join("\n")}\n` });
  const up = (...devices: readonly string[]): string[] => devices.map((device) => `link set dev ${device} up`);
  for (const [place, ends] of [
    ["lan", ["cli", "a", "b"]],
    ["wan", ["srv", "a", "b"]],
  ] as const) {
    const ports = ends.map((end) => `port-${end}`);
    const joined = ports.map((port) => `link set dev ${port} master switch`);
    await batch(place, "link add name switch type bridge", ...joined, ...up("switch", ...ports));
  }
  await batch("cli", ...up("lo", "lan"), "addr add 192.0.2.100/24 dev lan");
  await batch("srv", ...up("lo", "wan"), `addr add ${serverAddress}/24 dev wan`);
  const settings = ["net/ipv4/ip_forward", "net/netfilter/nf_conntrack_tcp_be_liberal"];
  const rules = path.join(deployFolder, "keepalived/failover.nft");
  for (const member of members) {
    const number = own[member];
    await batch(
      member,
      ...up("lo", "lan", "wan", "sync"),
      `addr add 192.0.2.${number}/24 dev lan`,
      `addr add 10.0.0.${number}/24 dev wan noprefixroute`,
      `route add 10.0.0.0/24 dev wan metric 100`,
      `addr add 172.31.0.${number}/24 dev sync`,
    );
    const set = settings.map((setting) => `echo 1 > /proc/sys/${setting}`);
    const strict = "echo 0 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose";
    await output(
      ["ip", "netns", "exec", `${name}-${member}`, "sh", "-ec", [...set, strict, `nft -f ${rules}`].join("; ")],
      { env },
    );
  }
}

/** What a member runs, by the files of deploy/keepalived with this machine's paths, changed for the second as they say. */
async function write(folder: string, member: Member, env: Record<string, string>): Promise<string[][]> {
  const home = path.join(folder, member);
  await mkdir(home);
  const sample = (file: string): Promise<string> => readFile(path.join(deployFolder, "keepalived", file), "utf8");
  const put = async (file: string, text: string, mode = 0o644): Promise<string> => {
    await writeFile(path.join(home, file), text);
    await chmod(path.join(home, file), mode);
    return path.join(home, file);
  };
  const ofSync = (await sample("conntrackd.conf"))
    .replace("IPv4_address 172.31.0.2\n", `IPv4_address 172.31.0.${own[member]}\n`)
    .replace("IPv4_Destination_Address 172.31.0.3", `IPv4_Destination_Address 172.31.0.${own[other[member]]}`)
    .replace("LogFile on", `LogFile ${home}/conntrackd.log`)
    .replace("/var/lock/conntrackd.lock", `${home}/conntrackd.lock`)
    .replace("/var/run/conntrackd.ctl", `${home}/conntrackd.ctl`);
  const conntrackd = await put("conntrackd.conf", ofSync);
  for (const script of ["ftp-failover", "ftp-control-resets"]) await put(script, await sample(script), 0o755);
  const exports = Object.entries({ ...env, CONNTRACKD_CONF: conntrackd }).map(
    ([key, value]) => `export ${key}='${value}'`,
  );
  const called = [...exports, `exec ${home}/ftp-failover "$1" >> ${home}/failover.log 2>&1`].join("\n");
  const wrapper = await put("called", `#!/bin/sh\n${called}\n`, 0o755);
  const ofAddresses = (await sample("keepalived.conf"))
    .replaceAll("/etc/keepalived/ftp-failover", wrapper)
    .replaceAll("priority 150", `priority ${member === "a" ? 150 : 100}`)
    .replace("gateway-1", `gateway-${member}`);
  const keepalived = await put("keepalived.conf", ofAddresses);
  const config = {
    log: { format: "json" },
    gateways: [
      {
        ...{ name: "pair", listen: ["0.0.0.0:21"], route: { server: `${serverAddress}:21` } },
        ...{ clientSide: { dataPorts: "50000-50999" }, dataPlane: "kernel" },
      },
    ],
  };
  const gateway = await put("gateway.yml", JSON.stringify(config));
  const pids = ["-p", "-r"].flatMap((flag, index) => [flag, `${home}/keepalived-${index}.pid`]);
  return [
    [process.execPath, main, "run", "--config", gateway],
    ["conntrackd", "-C", conntrackd],
    ["keepalived", "--dont-fork", "--log-console", "-f", keepalived, ...pids],
  ];
}
