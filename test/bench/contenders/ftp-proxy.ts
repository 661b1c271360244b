import { chmod, mkdir } from "node:fs/promises";
import path from "node:path";
import { labFile } from "../../lab/lab.ts";
import { program, titled } from "../../lab/programs.ts";
import type { Candidate } from "../contender.ts";
import { logTail } from "../log-tail.ts";
import { edgeAddress, serverAddress, serverPorts, startInEdge } from "../stage.ts";

const port = 2501;

const configuration = (folder: string): string => `
[-Global-]
ServerType standalone
Listen ${edgeAddress}
Port ${port}
DestinationAddress ${serverAddress}
DestinationPort ${serverPorts.plain}
DestinationTransferMode client
MaxClients 512
ForkLimit 1000000
LogDestination ${folder}/log
PidFile ${folder}/pid
User nobody
Group nogroup
`;

/** The ftp-proxy of SuSE's proxy suite. */
export const ftpProxy: Candidate = {
  name: "ftp-proxy",
  kind: "peer",
  async open({ lab }) {
    const own = await program("ftp-proxy");
    const folder = path.join(lab.folder, "ftp-proxy");
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o777);
    const file = await labFile(lab, "ftp-proxy/ftp-proxy.conf", configuration(folder));
    const log = path.join(folder, "output");
    const process = startInEdge(lab, [own.path, "-n", "-f", file], log, own.env);
    return {
      title: titled(own),
      entrances: { light: { host: edgeAddress, port, user: "ftp", modes: ["passive", "active"] } },
      process,
      processPerSession: true,
      log: () => logTail(log),
      async stop() {
        process.kill("SIGKILL");
        await process.ended;
      },
    };
  },
};
