// `ftp-alg check`, described.
import { defineCommand } from "../command.ts";
import { configFault, configFile, configOperand, configOption } from "../config-file.ts";

export const check = defineCommand({
  name: "check",
  summary: "print every problem of a configuration",
  text: [
    "One problem a line: where in the configuration, what is wrong, and the line and column of the file. Warnings are printed " +
      "behind a file that is right: values that can't work, and doors that are open to anybody. Nothing is asked of this machine.",
  ],
  operand: configOperand,
  options: { config: configOption },
  examples: [
    ["check config.yml", "is the file right?"],
    ["check - < config.yml", "the same from standard input"],
  ],
  fault: configFault,
  run: async (given, io) => (await import("../check.ts")).check(configFile(given), io),
});
