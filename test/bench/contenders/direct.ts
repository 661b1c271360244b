import type { Candidate } from "../contender.ts";
import { serverAddress, serverPorts } from "../stage.ts";

/** Through the edge as a router: what everything else is compared with. */
export const direct: Candidate = {
  name: "direct",
  kind: "direct",
  open: () =>
    Promise.resolve({
      title: "direct",
      entrances: {
        light: { host: serverAddress, port: serverPorts.plain, user: "ftp", modes: ["passive", "active"] },
        tls: { host: serverAddress, port: serverPorts.secure, user: "ftp", modes: ["passive"], security: "tls" },
        "tls-both": { host: serverAddress, port: serverPorts.secure, user: "ftp", modes: ["passive"], security: "tls" },
        vsftpd: { host: serverAddress, port: serverPorts.vsftpd, user: "ftp", modes: ["passive", "active"] },
      },
      stop: () => Promise.resolve(),
    }),
};
