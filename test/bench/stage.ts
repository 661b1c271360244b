// Where the bench plays: a lab whose edge routes and tracks connections, our light FTP server in it, and the measuring
// clients. The edge drops nothing and translates nothing unless a contender does, so that "direct" is what a plain stateful
// router gives.
import { chown, writeFile } from "node:fs/promises";
import path from "node:path";
import { type LabCertificate, labCertificate } from "../lab/ftps/certificate.ts";
import { createLab, labFile, type Lab } from "../lab/lab.ts";
import type { Running } from "../lab/process.ts";
import { program, type Program } from "../lab/programs.ts";
import { startServer } from "../lab/servers/server.ts";
import { addresses, moreServerAddresses, type Place } from "../lab/topology.ts";

const programs = path.join(import.meta.dirname, "programs");

/**
 * Control ports of the light server (for everybody, for the kernel's helper, for who does not understand FTP, under TLS from the first byte
 * or when asked for it), and vsftpd's.
 */
export const serverPorts = {
  ...{ plain: 21, helped: 2121, announced: 2221, vsftpd: 2021, secure: 990, asked: 2224 },
  announcedFor: { tls: 2222, "tls-both": 991, stunnel: 2223 },
} as const;
/** Passive ports of the light server; the last ones are announced with the edge's address. */
const passivePorts = {
  plain: [10000, 19999],
  helped: [20000, 29999],
  secure: [30000, 30499],
  asked: [30500, 30999],
} as const;
export const announcedPorts = [31000, 31999] as const;
export const announcedPortsFor = {
  tls: [32000, 32249],
  "tls-both": [32250, 32499],
  stunnel: [32500, 32531],
} as const;

export const edgeAddress = addresses.edgeToClient.IPv4;
export const serverAddress = addresses.server.IPv4;
/** The same host, for who can't tell its servers apart by their ports. */
export const [secondServerAddress = serverAddress] = moreServerAddresses;

export type Stage = {
  readonly lab: Lab;
  /** ECDSA on P-256, of whoever is a TLS server. */
  readonly certificate: LabCertificate;
  /** Why there is no vsftpd, if there is none. */
  readonly withoutVsftpd?: string;
  /** Starts one of test/bench/programs. */
  python(place: Place, script: string, args: readonly (string | number)[]): Running;
  [Symbol.asyncDispose](): Promise<void>;
};

// An empty nat chain: connections are tracked for all contenders alike. Accounting is what the kernel plane asks for.
const edgeRules = `
table inet bench {
  chain postrouting { type nat hook postrouting priority srcnat; policy accept; }
}
`;
const edgeSettings = `
echo 1 > /proc/sys/net/netfilter/nf_conntrack_acct
echo 1 > /proc/sys/net/netfilter/nf_conntrack_timestamp
`;

/** Peers choose ciphers by tastes of their own; all are measured with the one that our gateway likes best. */
export const cipher = "TLS_AES_128_GCM_SHA256";
const opensslSettings = `
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
Ciphersuites = ${cipher}
`;

async function succeed(lab: Lab, command: readonly string[], input = ""): Promise<void> {
  const { status, stderr } = await lab.run("edge", command, { input });
  if (status !== 0) throw new Error(`${command.join(" ")}: ${String(status)}: ${stderr.toString().trim()}`);
}

/** Loads rules into the edge. */
export const loadRules = (lab: Lab, rules: string): Promise<void> => succeed(lab, ["nft", "-f", "-"], rules);

/** Many sessions need many descriptors. */
const unlimited = (command: readonly string[]): string[] => [
  ...["sh", "-ec", 'ulimit -n "$(ulimit -Hn)"; exec "$@"', "sh"],
  ...command,
];

/** Starts a program in the edge, its output in a file of the lab that `log` reads. */
export function startInEdge(lab: Lab, command: readonly string[], log: string, env?: Record<string, string>): Running {
  const quiet = ["sh", "-ec", 'log=$1; shift; exec "$@" >"$log" 2>&1 </dev/null', "sh", log, ...command];
  return lab.start("edge", unlimited(quiet), env === undefined ? {} : { env });
}

/** It offers the file of 1 KiB under the name that the clients ask for; the reason why there is none, if there is none. */
async function startVsftpd(lab: Lab): Promise<string | undefined> {
  try {
    const { home } = await startServer(lab, "vsftpd", { port: serverPorts.vsftpd });
    await writeFile(path.join(home, "1024"), Buffer.alloc(1024, "bench"));
    // vsftpd lets nobody in anonymously who could write to the folder.
    await chown(home, 0, 0);
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  }
}

export async function openStage(): Promise<Stage> {
  const interpreter: Program = await program("python3");
  const lab = await createLab({ edge: "open" });
  try {
    const certificate = await labCertificate(lab, "ec");
    const env = { ...interpreter.env, OPENSSL_CONF: await labFile(lab, "openssl.cnf", opensslSettings) };
    const stage = {
      lab,
      certificate,
      python(place: Place, script: string, args: readonly (string | number)[]) {
        const command = [interpreter.path, "-B", path.join(programs, script), ...args.map(String)];
        return lab.start(place, unlimited(command), { env });
      },
      [Symbol.asyncDispose]: () => lab.remove(),
    };
    await loadRules(lab, edgeRules);
    await succeed(lab, ["sh", "-ec", edgeSettings]);
    const server = stage.python("server", "ftp_server.py", [
      `${serverPorts.plain}:${passivePorts.plain.join("-")}`,
      `${serverPorts.helped}:${passivePorts.helped.join("-")}`,
      `${serverPorts.announced}:${announcedPorts.join("-")}:${edgeAddress}`,
      `${serverPorts.secure}:${passivePorts.secure.join("-")}::${certificate.both}`,
      `${serverPorts.asked}:${passivePorts.asked.join("-")}::${certificate.both}:auth`,
      ...(["tls", "tls-both", "stunnel"] as const).map((name) => {
        const announced = `${serverPorts.announcedFor[name]}:${announcedPortsFor[name].join("-")}:${edgeAddress}`;
        return name === "tls-both" ? `${announced}:${certificate.both}` : announced;
      }),
    ]);
    await server.line(/^listening$/);
    const withoutVsftpd = await startVsftpd(lab);
    return withoutVsftpd === undefined ? stage : { ...stage, withoutVsftpd };
  } catch (error) {
    await lab.remove();
    throw error;
  }
}
