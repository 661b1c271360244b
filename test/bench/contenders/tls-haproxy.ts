import path from "node:path";
import { labFile } from "../../lab/lab.ts";
import { program, titled } from "../../lab/programs.ts";
import type { Candidate, TlsServerName } from "../contender.ts";
import { logTail } from "../log-tail.ts";
import { announcedPortsFor, cipher, edgeAddress, serverAddress, serverPorts, startInEdge } from "../stage.ts";

const ports: Readonly<Record<TlsServerName, number>> = { tls: 2501, "tls-both": 2511 };

/** A server without a port is dialled at the port that the client dialled. */
const proxies = (server: TlsServerName, certificate: string, behind: string): string => `
listen control-${server}
  bind ${edgeAddress}:${ports[server]} ssl crt ${certificate}
  server ftp ${serverAddress}:${serverPorts.announcedFor[server]}${behind}
listen data-${server}
  bind ${edgeAddress}:${announcedPortsFor[server].join("-")} ssl crt ${certificate}
  server ftp ${serverAddress}${behind}
`;

const configuration = (certificate: string): string => `
global
  maxconn 8192
  nbthread 1
  tune.bufsize 65536
  ssl-default-bind-ciphersuites ${cipher}
  ssl-default-server-ciphersuites ${cipher}
defaults
  mode tcp
  timeout connect 10s
  timeout client 15m
  timeout server 15m
${proxies("tls", certificate, "")}${proxies("tls-both", certificate, " ssl verify none")}`;

/** A TCP proxy that terminates TLS on each connection and knows no FTP: the server announces the edge's address. */
export const tlsHaproxy: Candidate = {
  name: "haproxy tls",
  kind: "peer",
  async open({ lab, certificate }) {
    const own = await program("HAProxy");
    const file = await labFile(lab, "haproxy-tls.cfg", configuration(certificate.both));
    const log = path.join(lab.folder, "haproxy-tls.log");
    const process = startInEdge(lab, [own.path, "-db", "-f", file], log, own.env);
    const entrance = (server: TlsServerName) =>
      ({ host: edgeAddress, port: ports[server], user: "ftp", modes: ["passive"], security: "tls" }) as const;
    return {
      title: titled(own),
      entrances: { tls: entrance("tls"), "tls-both": entrance("tls-both") },
      process,
      log: () => logTail(log),
      async stop() {
        process.kill("SIGKILL");
        await process.ended;
      },
    };
  },
};
