import { mkdir } from "node:fs/promises";
import path from "node:path";
import { existsSync } from "node:fs";
import { labFile } from "../../lab/lab.ts";
import { program } from "../../lab/programs.ts";
import type { Candidate, Contender } from "../contender.ts";
import { logTail } from "../log-tail.ts";
import { edgeAddress, serverAddress, serverPorts, type Stage, startInEdge } from "../stage.ts";

const port = 2301;
const vsftpdPort = 2311;

const common = (modules: string, folder: string): string => `
ServerName bench
ServerType standalone
DefaultServer on
SocketBindTight on
UseIPv6 off
UseReverseDNS off
ModulePath ${modules}
LoadModule mod_tls.c
LoadModule mod_proxy.c
User nobody
Group nogroup
MaxInstances none
PidFile ${folder}/pid
ScoreboardFile ${folder}/scoreboard
SystemLog ${folder}/log
WtmpLog off
TransferLog none
DelayEngine off
ProxyTables ${folder}/tables
`;

const configuration = `
DefaultAddress ${edgeAddress}
Port ${port}
AuthPAM off
AllowOverwrite on
ProxyEngine on
ProxyRole reverse
ProxyReverseServers ftp://${serverAddress}:${serverPorts.plain}
<VirtualHost ${edgeAddress}>
  Port ${vsftpdPort}
  WtmpLog off
  TransferLog none
  AuthPAM off
  AllowOverwrite on
  ProxyEngine on
  ProxyRole reverse
  ProxyReverseServers ftp://${serverAddress}:${serverPorts.vsftpd}
</VirtualHost>
`;

/** ProFTPD with mod_proxy as reverse proxy, in the client's own mode towards the server. */
export const proftpd: Candidate = {
  name: "proftpd",
  kind: "peer",
  open: (stage) =>
    openProftpd(stage, "proftpd", () => configuration, {
      light: { host: edgeAddress, port, user: "ftp", modes: ["passive", "active"] },
      vsftpd: { host: edgeAddress, port: vsftpdPort, user: "ftp", modes: ["passive", "active"] },
    }),
};

/** `configure` says what stands behind what all have in common; it is given the folder of its files. */
export async function openProftpd(
  { lab }: Stage,
  name: string,
  configure: (folder: string) => string,
  entrances: Contender["entrances"],
): Promise<Contender> {
  const own = await program("ProFTPD mod_proxy");
  // mod_proxy takes OpenSSL's functions from it.
  await program("ProFTPD mod_tls");
  // The module is fetched together with its server, unless the machine has that one itself.
  const fetched = path.join(own.root, "usr/sbin/proftpd");
  const server = existsSync(fetched) ? fetched : (await program("ProFTPD")).path;
  const folder = path.join(lab.folder, name);
  await mkdir(path.join(folder, "tables"), { recursive: true });
  const text = common(path.dirname(own.path), folder) + configure(folder);
  const file = await labFile(lab, `${name}/proftpd.conf`, text);
  const process = startInEdge(lab, [server, "--nodaemon", "--config", file], path.join(folder, "output"), own.env);
  return {
    title: `ProFTPD mod_proxy ${own.version}`,
    entrances,
    process,
    processPerSession: true,
    log: async () => `${await logTail(path.join(folder, "output"))} ${await logTail(path.join(folder, "log"))}`.trim(),
    async stop() {
      process.kill("SIGKILL");
      await process.ended;
    },
  };
}
