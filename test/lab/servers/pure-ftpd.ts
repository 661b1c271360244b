import path from "node:path";
import { account, type Blueprint } from "./blueprint.ts";

export const pureFtpd: Blueprint = {
  pam: "pure-ftpd",
  modes: ["active", "passive"],
  security: ["explicit"],
  launch: ({ program, folder, port, passivePorts, foreignPorts, tls }) => ({
    command: [
      program.path,
      ...["--login", "pam", "--noanonymous", "--chrooteveryone", "--dontresolve", "--umask", "022:022"],
      ...["--bind", `,${port}`, "--minuid", String(account.uid), "--maxclientsperip", "20"],
      ...["--passiveportrange", `${passivePorts[0]}:${passivePorts[1]}`],
      ...["--altlog", `stats:${path.join(folder, "log")}`, "--pidfile", path.join(folder, "pid")],
      ...(foreignPorts ? ["--allowuserfxp"] : []),
      ...(tls ? ["--tls", "1", "--certfile", `${tls.both},${tls.both}`] : []),
    ],
  }),
};
