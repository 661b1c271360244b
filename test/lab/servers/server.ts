// Real FTP servers in the lab's server namespace, all with the same account and the same kind of home folder.
import { chown, mkdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { labFile, type Lab } from "../lab.ts";
import { program, titled, type Program, type ProgramName } from "../programs.ts";
import { addresses } from "../topology.ts";
import { account, type Blueprint, type SiteTls } from "./blueprint.ts";
import { inetutilsFtpd } from "./inetutils-ftpd.ts";
import { proftpd } from "./proftpd.ts";
import { pureFtpd } from "./pure-ftpd.ts";
import { aioftp, pyftpdlib } from "./python.ts";
import { vsftpd } from "./vsftpd.ts";

export const blueprints = {
  vsftpd,
  ProFTPD: proftpd,
  "Pure-FTPd": pureFtpd,
  pyftpdlib,
  "inetutils ftpd": inetutilsFtpd,
  aioftp,
} as const satisfies Partial<Record<ProgramName, Blueprint>>;

export type ServerKind = keyof typeof blueprints;
export const serverKinds = Object.keys(blueprints) as ServerKind[];

export type ServerOptions = {
  readonly port?: number;
  readonly passivePorts?: readonly [number, number];
  /** Accept a PORT that names another address than the control connection's. */
  readonly foreignPorts?: boolean;
  readonly mostSessions?: number;
  readonly tls?: SiteTls;
};

export type Server = {
  readonly kind: ServerKind;
  /** Name and version. */
  readonly title: string;
  readonly port: number;
  /** The folder that clients see after their login. */
  readonly home: string;
  /** What the server printed and logged. */
  log(): Promise<string>;
  /** All of its processes stand still. */
  freeze(): void;
  stop(): Promise<void>;
};

const pamRules = "auth required pam_unix.so\naccount required pam_permit.so\nsession required pam_permit.so\n";

/** An /etc of its own: the accounts exist for this server alone, and nothing depends on the machine's configuration. */
async function writeEtc(lab: Lab, folder: string, home: string, pam: string | undefined): Promise<string> {
  const { user, uid, gid, shadow } = account;
  const etc = path.join(folder, "etc");
  const files: Record<string, string> = {
    passwd: [
      "root:x:0:0:root:/root:/bin/sh",
      "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
      `${user}:x:${uid}:${gid}:${user}:${home}:/bin/sh`,
      `ftp:x:${uid + 1}:65534:anonymous:${home}:/bin/sh`,
      "",
    ].join("\n"),
    group: `root:x:0:\nnogroup:x:65534:\n${user}:x:${gid}:\n`,
    shadow: `root:*:19000::::::\nnobody:*:19000::::::\n${user}:${shadow}:19000::::::\nftp:*:19000::::::\n`,
    "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\n",
    hosts: `127.0.0.1 localhost\n::1 localhost\n${addresses.server.IPv4} ${hostname()}\n`,
    services: "ftp-data 20/tcp\nftp 21/tcp\n",
    protocols: "ip 0 IP\nipv6 41 IPv6\ntcp 6 TCP\n",
    shells: "/bin/sh\n",
    ftpusers: "",
    "pam.d/other": pamRules,
    ...(pam === undefined ? {} : { [`pam.d/${pam}`]: pamRules }),
  };
  for (const [name, text] of Object.entries(files))
    await labFile(lab, path.relative(lab.folder, path.join(etc, name)), text);
  return etc;
}

/**
 * `ip netns exec` gives the process its own mounts, so this /etc is seen by the server alone and goes with it. Standard
 * input is no socket, because several servers then take themselves for a child of inetd.
 */
const withEtc = (etc: string, command: readonly string[]): string[] => [
  ...["sh", "-ec", 'mount --bind "$1" /etc; shift; exec "$@" </dev/null', "sh", etc],
  ...command,
];

async function listens(pid: number, port: number): Promise<boolean> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  for (const table of ["tcp", "tcp6"]) {
    const text = await readFile(`/proc/${pid}/net/${table}`, "utf8").catch(() => "");
    const listening = text.split("\n").some((line) => line.includes(wanted) && / 0A /.test(line));
    if (listening) return true;
  }
  return false;
}

let started = 0;

export async function startServer(lab: Lab, kind: ServerKind, options: ServerOptions = {}): Promise<Server> {
  const blueprint: Blueprint = blueprints[kind];
  const own = await program(kind);
  const needed: Record<string, Program> = {};
  const names = [...(blueprint.needs ?? []), ...(options.tls === undefined ? [] : (blueprint.needsForTls ?? []))];
  for (const name of names) needed[name] = await program(name);
  const folder = path.join(lab.folder, `server-${++started}`);
  const home = path.join(folder, "home");
  const port = options.port ?? 21;
  await mkdir(home, { recursive: true });
  await chown(home, account.uid, account.gid);
  const launch = blueprint.launch(
    {
      program: own,
      folder,
      home,
      port,
      passivePorts: options.passivePorts ?? [40000, 40999],
      foreignPorts: options.foreignPorts ?? false,
      ...(options.mostSessions !== undefined && { mostSessions: options.mostSessions }),
      ...(options.tls && { tls: options.tls }),
    },
    needed,
  );
  for (const [name, text] of Object.entries(launch.files ?? {})) {
    await labFile(lab, path.relative(lab.folder, path.join(folder, name)), text);
  }
  const etc = await writeEtc(lab, folder, home, blueprint.pam);
  const process = lab.start("server", withEtc(etc, launch.command), { env: launch.env ?? own.env });
  const log = async (): Promise<string> =>
    process.output() + (await readFile(path.join(folder, "log"), "latin1").catch(() => ""));
  let ended = false;
  void process.ended.finally(() => {
    ended = true;
  });
  for (let waited = 0; !(await listens(process.pid, port)); waited += 20) {
    if (ended || waited > 10_000) throw new Error(`${titled(own)} does not listen on ${port}:\n${await log()}`);
    await sleep(20);
  }
  return {
    kind,
    title: titled(own),
    port,
    home,
    log,
    freeze: () => process.kill("SIGSTOP"),
    async stop() {
      process.kill("SIGKILL");
      await process.ended;
    },
  };
}
