import path from "node:path";
import type { Blueprint } from "./blueprint.ts";

export const proftpd: Blueprint = {
  pam: "proftpd",
  modes: ["active", "passive"],
  launch: ({ program, folder, port, passivePorts, foreignPorts }) => ({
    command: [program.path, "--nodaemon", "--config", path.join(folder, "proftpd.conf")],
    files: {
      "proftpd.conf": [
        'ServerName "lab"',
        "ServerType standalone",
        "DefaultServer on",
        `Port ${port}`,
        "UseIPv6 on",
        `ModulePath ${path.join(program.root, "usr/lib/proftpd")}`,
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
