import { chmod, mkdir } from "node:fs/promises";
import path from "node:path";
import { labFile } from "../../lab/lab.ts";
import { program, titled } from "../../lab/programs.ts";
import type { Candidate, Entrance } from "../contender.ts";
import { logTail } from "../log-tail.ts";
import { edgeAddress, serverAddress, serverPorts, startInEdge } from "../stage.ts";

const port = 2401;

/** Relative paths, because /dev/shm, where the lab is, is another one for Squid. */
const configuration = (root: string): string => `
ftp_port ${edgeAddress}:${port}
acl everybody src all
http_access allow everybody
cache deny all
cache_mem 0
access_log none
cache_log log
cache_store_log none
pid_filename none
coredump_dir none
mime_table ${root}/usr/share/squid/mime.conf
icon_directory ${root}/usr/share/squid/icons
error_directory ${root}/usr/share/squid/errors/templates
unlinkd_program /bin/true
pinger_enable off
visible_hostname bench
cache_effective_user nobody
cache_effective_group nogroup
shutdown_lifetime 0 seconds
`;

/** Its shared memory has fixed names and outlives it, so it gets a folder of the lab for that. */
const withOwnMemory = (folder: string, command: readonly string[]): string[] => [
  ...["sh", "-ec", 'cd "$1"; mount --bind memory /dev/shm; shift; exec "$@"', "sh", folder],
  ...command,
];

/** Squid as FTP gateway: the client names its server in USER. */
export const squid: Candidate = {
  name: "squid",
  kind: "peer",
  async open({ lab }) {
    const own = await program("Squid");
    const folder = path.join(lab.folder, "squid");
    const output = path.join(folder, "output");
    await mkdir(path.join(folder, "memory"), { recursive: true });
    await chmod(folder, 0o777);
    await chmod(path.join(folder, "memory"), 0o777);
    await labFile(lab, "squid/squid.conf", configuration(own.root));
    const entrance = (serverPort: number): Entrance => ({
      host: edgeAddress,
      port,
      user: `ftp@${serverAddress}:${serverPort}`,
      modes: ["passive", "active"],
    });
    const process = startInEdge(lab, withOwnMemory(folder, [own.path, "-N", "-f", "squid.conf"]), output, own.env);
    return {
      title: `${titled(own)} ftp_port`,
      entrances: { light: entrance(serverPorts.plain), vsftpd: entrance(serverPorts.vsftpd) },
      process,
      log: async () => `${await logTail(output)} ${await logTail(path.join(folder, "log"))}`.trim(),
      async stop() {
        process.kill("SIGKILL");
        await process.ended;
      },
    };
  },
};
