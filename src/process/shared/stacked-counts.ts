// Stacked counts: a gateway whose workers count together on this machine, and with others far away. While those far away are not there, the
// counts of the machine hold.
import { isLetIn } from "../../gateway/entrance/awaited-verdicts.ts";
import type { SharedCounts } from "../../gateway/entrance/shared-counts.ts";

/** Each alone where there is but one. */
export function stackCounts(near: SharedCounts | undefined, far: SharedCounts | undefined): SharedCounts | undefined {
  if (near === undefined || far === undefined) return near ?? far;
  return {
    async admit(client, limits) {
      const here = await near.admit(client, limits);
      if (!isLetIn(here)) return here;
      const there = await far.admit(client, limits);
      if (isLetIn(there)) return here.kind === "admitted" ? here : there;
      near.left(client);
      return there;
    },
    left(client) {
      near.left(client);
      far.left(client);
    },
    async loginFailed(client, rule) {
      return Math.max(...(await Promise.all([near.loginFailed(client, rule), far.loginFailed(client, rule)])));
    },
    setServerSessions(server, sessions) {
      near.setServerSessions(server, sessions);
      far.setServerSessions(server, sessions);
    },
    // Those of the other workers are told to both, and are heard of from here sooner.
    serverSessionsElsewhere: (server) =>
      Math.max(near.serverSessionsElsewhere(server), far.serverSessionsElsewhere(server)),
  };
}
