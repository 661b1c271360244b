// `ftp-alg sessions`, described.
import { adminFault, adminOptions, jsonOption } from "../admin-options.ts";
import { defineCommand } from "../command.ts";

const defaultLimit = 20;

export const sessions = defineCommand({
  name: "sessions",
  summary: "list the sessions of the running gateway, the newest first",
  text: [
    "Sessions that run and those that the gateway keeps in its history, each with its client, server and user, how it ended, its " +
      "transfers and bytes, and what it failed at. It is asked of the admin listener of the gateway, which is there if the " +
      "configuration has `admin`. On a terminal a failure stands below its session; elsewhere each session is one line.",
  ],
  options: {
    failed: { what: "only those that failed" },
    gateway: { value: "NAME", what: "only those of one gateway" },
    client: { value: "ADDRESS", what: "only those of a client, or of a network such as 10.0.0.0/8" },
    user: { value: "NAME", what: "only those of one user" },
    limit: { value: "N", what: `so many at most; ${defaultLimit} if left out` },
    ...jsonOption,
    ...adminOptions,
  },
  examples: [
    ["sessions --failed", "what went wrong of late, and why"],
    ["sessions --client 192.0.2.0/24 --limit 100", "everything of one network"],
    ["sessions --failed --json | jq -r '.sessions[].failure.hop' | sort | uniq -c", "which hop fails how often"],
  ],
  failure: "the admin listener did not answer, or no gateway has that name",
  fault: ({ flags }) => adminFault(flags) ?? limitFault(flags.limit),
  run: async ({ flags }, io) => {
    const { withAdmin } = await import("../admin-client.ts");
    const { printSessions } = await import("../sessions.ts");
    const wanted = { ...flags, limit: Number(flags.limit ?? defaultLimit) };
    return withAdmin(flags, io, (client) => printSessions(client, wanted, io));
  },
});

function limitFault(limit: string | undefined): string | undefined {
  if (limit === undefined || (/^\d{1,6}$/.test(limit) && Number(limit) > 0)) return undefined;
  return `--limit: expected a number from 1 to 999999, got ${limit}`;
}
