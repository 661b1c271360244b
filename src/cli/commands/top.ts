// `ftp-alg top`, described.
import { adminFault, adminOptions } from "../admin-options.ts";
import { defineCommand } from "../command.ts";

export const top = defineCommand({
  name: "top",
  summary: "watch the running gateway: rates, sessions, transfers, failures",
  text: [
    "Asks the admin listener of the gateway once a second and shows its gateways, the sessions that run with their transfers, rates and " +
      "progress, and the newest failures, each with its sentence.",
    "Keys: q or ctrl-c quits; s sorts by rate, bytes, newest, user; f shows failures alone, with what to do; the arrows mark a session, " +
      "enter shows its ladder and escape leads back; p pauses. Where there is no terminal it prints a line each time.",
  ],
  options: {
    interval: { value: "SECONDS", what: "how often it asks; 1 if left out" },
    ...adminOptions,
  },
  examples: [
    ["top", "what happens now?"],
    ["top --interval 60 >> gateway.log", "a line a minute"],
  ],
  failure: "the admin listener did not answer",
  fault: ({ flags }) => {
    const { interval } = flags;
    if (interval !== undefined && !/^(?:[1-9]\d{0,3}|0?\.[1-9])$/.test(interval))
      return `--interval: expected seconds from 0.1 to 9999, got ${interval}`;
    return adminFault(flags);
  },
  run: async ({ flags }, io) => {
    const { withAdmin } = await import("../admin-client.ts");
    const { watch } = await import("../top/top.ts");
    return withAdmin(flags, io, (client) => watch(client, Number(flags.interval ?? 1) * 1000, io));
  },
});
