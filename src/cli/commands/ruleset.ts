// `ftp-alg ruleset`, described.
import { defineCommand } from "../command.ts";
import { configFault, configFile, configOperand, configOption } from "../config-file.ts";
import { withConfig } from "../load-config.ts";

export const ruleset = defineCommand({
  name: "ruleset",
  summary: "print the nftables ruleset that a configuration needs",
  text: [
    "Text for `nft -f -`: the rules that bring connections to a transparent route, and the table of the kernel data plane. " +
      "Comments name what else is to be set, such as sysctls and reserved ports. Nothing is changed.",
  ],
  operand: configOperand,
  options: { config: configOption },
  examples: [
    ["ruleset config.yml", "look at it"],
    ["ruleset config.yml | nft -f -", "load it, as root"],
  ],
  fault: configFault,
  run: async (given, io) => {
    const { printRuleset } = await import("../ruleset.ts");
    return withConfig({ kind: "file", file: configFile(given) }, io, async (config) => printRuleset(config, io));
  },
});
