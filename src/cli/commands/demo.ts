// `ftp-alg demo`, described.
import { defineCommand } from "../command.ts";

export const demo = defineCommand({
  name: "demo",
  summary: "show real transfers through a gateway, without configuration or privileges",
  text: [
    "Starts an FTP server that announces an address nobody can reach, puts a gateway in front of it, transfers a file in " +
      "every mode, draws each session, and verifies every byte. All of it on this machine's loopback address.",
  ],
  options: { stay: { what: "leave server and gateway running for a client of your own" } },
  examples: [
    ["demo", "watch it, a few seconds"],
    ["demo --stay", "and try with your own client"],
  ],
  failure: "a transfer did not arrive as it was sent",
  run: async ({ flags: { stay } }, io) => (await import("../../demo/demo.ts")).demo({ stay }, io),
});
