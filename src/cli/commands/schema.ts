// `ftp-alg schema`, described.
import { defineCommand } from "../command.ts";

export const schema = defineCommand({
  name: "schema",
  summary: "print the JSON Schema of the configuration, for an editor",
  text: [
    "With it an editor completes keys and words and marks mistakes while you type. Whatever speaks the YAML language server reads " +
      "it from a first line such as `# yaml-language-server: $schema=ftp-alg.schema.json`. What only the program can see, such as " +
      "ranges that overlap, `ftp-alg check` finds.",
  ],
  options: {},
  examples: [["schema > ftp-alg.schema.json", "beside the configuration"]],
  run: async (_given, io) => {
    const { configJsonSchema } = await import("../../config/json-schema.ts");
    io.out(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
    return 0;
  },
});
