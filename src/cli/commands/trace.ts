// `ftp-alg trace`, described.
import { adminFault, adminOptions } from "../admin-options.ts";
import { defineCommand } from "../command.ts";

/** As the admin listener has them. */
const formats = ["ladder", "transcript", "mermaid", "svg"] as const;

export const trace = defineCommand({
  name: "trace",
  summary: "print what was said in a session of the running gateway",
  text: [
    "Every line of the client and the server, what the gateway made of it, and each data connection; passwords are masked. ID is " +
      "that of `ftp-alg sessions`, of the log and of the status page. The ladder is drawn as wide as the terminal is; the " +
      "transcript is what the project's own tests are written in; Mermaid is drawn by many wikis and trackers; the SVG is the picture of " +
      "the status page.",
    "With --follow a session that runs is printed as it goes on, until it ends.",
  ],
  operand: { name: "ID", isRequired: true, what: "the id of the session" },
  options: {
    follow: { short: "f", what: "go on while the session runs" },
    format: { value: "FORMAT", choices: formats, what: "ladder (if left out), transcript, mermaid or svg" },
    ...adminOptions,
  },
  examples: [
    ["trace k3f9x2a7", "the ladder of a session"],
    ["trace k3f9x2a7 --follow", "what a client does just now"],
    ["trace k3f9x2a7 --format transcript > session.txt", "for a bug report"],
    ["trace k3f9x2a7 --format svg > session.svg", "a picture that a browser shows"],
  ],
  failure: "the admin listener did not answer, or no session of that id is kept",
  fault: ({ flags }) =>
    flags.follow && flags.format === "svg"
      ? "a picture is of a whole session: --follow goes without --format svg"
      : adminFault(flags),
  run: async ({ flags, operand = "" }, io) => {
    const { withAdmin } = await import("../admin-client.ts");
    const { printTrace } = await import("../trace.ts");
    const format = formats.find((name) => name === flags.format) ?? "ladder";
    return withAdmin(flags, io, (client) => printTrace(client, { id: operand, format, follow: flags.follow }, io));
  },
});
