import path from "node:path";
import type { Blueprint } from "./blueprint.ts";

export const proftpd: Blueprint = {
  pam: "proftpd",
  modes: ["active", "passive"],
  security: ["explicit", "implicit"],
  needsForTls: ["ProFTPD mod_tls"],
  launch: ({ program, folder, port, passivePorts, foreignPorts, tls }, needed) => ({
    command: [program.path, "--nodaemon", "--config", path.join(folder, "proftpd.conf")],
    files: {
      "proftpd.conf": [
        'ServerName "lab"',
        "ServerType standalone",
        "DefaultServer on",
        `Port ${port}`,
        "UseIPv6 on",
        `ModulePath ${path.join((needed["ProFTPD mod_tls"] ?? program).root, "usr/lib/proftpd")}`,
        "User nobody",
        "Group nogroup",
        "Umask 022",
        "DefaultRoot ~",
        "AllowOverwrite on",
        "AllowStoreRestart on",
        "AllowRetrieveRestart on",
        "AuthOrder mod_auth_pam.c* mod_auth_unix.c",
        "AuthPAMConfig proftpd",
        "RequireValidShell off",
        "UseReverseDNS off",
        `PassivePorts ${passivePorts[0]} ${passivePorts[1]}`,
        `AllowForeignAddress ${foreignPorts ? "on" : "off"}`,
        "TimeoutLinger 3",
        "DelayEngine off",
        // Names are bytes; no conversion to the locale of the server.
        "UseEncoding on",
        ...(tls
          ? [
              ...["LoadModule mod_tls.c", "TLSEngine on", "TLSProtocol TLSv1.2 TLSv1.3", "TLSRequired auth"],
              ...[`TLSRSACertificateFile ${tls.cert}`, `TLSRSACertificateKeyFile ${tls.key}`],
              ...[`TLSLog ${path.join(folder, "tls.log")}`, ...(tls.isImplicit ? ["TLSOptions UseImplicitSSL"] : [])],
            ]
          : []),
        `PidFile ${path.join(folder, "pid")}`,
        `ScoreboardFile ${path.join(folder, "scoreboard")}`,
        `SystemLog ${path.join(folder, "log")}`,
        "WtmpLog off",
        "TransferLog none",
        "",
      ].join("\n"),
    },
  }),
};
