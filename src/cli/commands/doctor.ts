// `ftp-alg doctor`, described.
import { defineCommand } from "../command.ts";
import { configFault, configFile, configOperand, configOption } from "../config-file.ts";
import { withConfig } from "../load-config.ts";

export const doctor = defineCommand({
  name: "doctor",
  summary: "print what this machine offers to a configuration, and why not more",
  text: [
    "One finding a line: data planes, capabilities, descriptors, routes, ports. `ok` is there, `note` is good to know, `missing` " +
      "is what the configuration asks for by name and this machine lacks, with the way to get it. Nothing is changed.",
  ],
  operand: configOperand,
  options: { config: configOption },
  examples: [["doctor config.yml", "will it run here?"]],
  failure: "something is missing",
  fault: configFault,
  run: async (given, io) => {
    const command = await import("../doctor.ts");
    return withConfig({ kind: "file", file: configFile(given) }, io, (config) => command.doctor(config, io));
  },
});
