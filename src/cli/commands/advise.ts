// `ftp-alg advise`, described.
import { networkInterfaces } from "node:os";
import { defineCommand } from "../command.ts";
import { configFault, configFile, configOperand, configOption } from "../config-file.ts";
import { withConfig } from "../load-config.ts";

export const advise = defineCommand({
  name: "advise",
  summary: "print what to type into FTP clients and what to open in firewalls",
  text: [
    "For each gateway of a configuration: how FileZilla, WinSCP, curl, lftp and Windows Explorer are told to go through it, and " +
      "the TCP ports to open at the clients, at the gateway and at the server, with the configured addresses and ports. Where no " +
      "address is advertised, one of this machine stands for it.",
  ],
  operand: configOperand,
  options: { config: configOption },
  examples: [["advise config.yml", "for the mail to the users, and the ticket to the firewall's people"]],
  fault: configFault,
  run: async (given, io) => {
    const { formatAdvice } = await import("../advise.ts");
    return withConfig({ kind: "file", file: configFile(given) }, io, async (config) => {
      const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
      const own = interfaces.filter(({ internal, address }) => !internal && !address.startsWith("fe80"));
      io.out(
        formatAdvice(
          config,
          own.map(({ address }) => address),
        ),
      );
      return 0;
    });
  },
});
