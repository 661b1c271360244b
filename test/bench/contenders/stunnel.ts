import path from "node:path";
import { labFile } from "../../lab/lab.ts";
import { program, titled } from "../../lab/programs.ts";
import type { Candidate } from "../contender.ts";
import { logTail } from "../log-tail.ts";
import { announcedPortsFor, cipher, edgeAddress, serverAddress, serverPorts, startInEdge } from "../stage.ts";

const port = 2601;

function configuration(certificate: string): string {
  const [first, last] = announcedPortsFor.stunnel;
  const service = (name: string, accepted: number, dialled: number): string => `
[${name}]
accept = ${edgeAddress}:${accepted}
connect = ${serverAddress}:${dialled}
`;
  const data = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return `
foreground = yes
pid =
debug = err
cert = ${certificate}
ciphersuites = ${cipher}
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
${service("control", port, serverPorts.announcedFor.stunnel)}${data.map((one) => service(`data-${one}`, one, one)).join("")}`;
}

/** Terminates TLS, one service for each port, and knows no FTP: the server announces the edge's address. */
export const stunnel: Candidate = {
  name: "stunnel",
  kind: "peer",
  async open({ lab, certificate }) {
    const own = await program("stunnel");
    const file = await labFile(lab, "stunnel.conf", configuration(certificate.both));
    const log = path.join(lab.folder, "stunnel.log");
    const process = startInEdge(lab, [own.path, file], log, own.env);
    return {
      title: titled(own),
      entrances: { tls: { host: edgeAddress, port, user: "ftp", modes: ["passive"], security: "tls" } },
      process,
      log: () => logTail(log),
      async stop() {
        process.kill("SIGKILL");
        await process.ended;
      },
    };
  },
};
