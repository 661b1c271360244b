import path from "node:path";
import { labFile } from "../../lab/lab.ts";
import { program, titled } from "../../lab/programs.ts";
import type { Candidate } from "../contender.ts";
import { logTail } from "../log-tail.ts";
import { announcedPorts, edgeAddress, serverAddress, serverPorts, startInEdge } from "../stage.ts";

const port = 2201;
const vsftpdPort = 2211;

/** A server without a port is dialled at the port that the client dialled. */
const configuration = `
global
  maxconn 4096
defaults
  mode tcp
  timeout connect 10s
  timeout client 15m
  timeout server 15m
  option splice-request
  option splice-response
listen control
  bind ${edgeAddress}:${port}
  server ftp ${serverAddress}:${serverPorts.announced}
listen vsftpd
  bind ${edgeAddress}:${vsftpdPort}
  server ftp ${serverAddress}:${serverPorts.vsftpd}
listen data
  bind ${edgeAddress}:${announcedPorts.join("-")}
  server ftp ${serverAddress}
`;

/** A TCP proxy that knows no FTP: the server announces the edge's address, and only passive mode is possible. */
export const haproxy: Candidate = {
  name: "haproxy",
  kind: "peer",
  async open({ lab }) {
    const own = await program("HAProxy");
    const file = await labFile(lab, "haproxy.cfg", configuration);
    const log = path.join(lab.folder, "haproxy.log");
    const process = startInEdge(lab, [own.path, "-db", "-f", file], log, own.env);
    return {
      title: `${titled(own)}, splice`,
      entrances: {
        light: { host: edgeAddress, port, user: "ftp", modes: ["passive"] },
        // It announces its own address, so its data connections would pass by.
        vsftpd: { host: edgeAddress, port: vsftpdPort, user: "ftp", modes: [] },
      },
      process,
      log: () => logTail(log),
      async stop() {
        process.kill("SIGKILL");
        await process.ended;
      },
    };
  },
};
