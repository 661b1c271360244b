// Next server: one of a pool takes the place of another, as long as the client has heard of none. Once USER was passed on, never.
import { inClear } from "./security-state.ts";
import type { Session } from "./state.ts";
import { emit, type Work } from "./work.ts";

/** The gateway has greeted by itself, a server is connected, and USER was not passed on to it. */
export function isReplaceable({ options: { route }, phase, user }: Session): boolean {
  if (route.kind !== "pool" || route.choice === undefined || user !== "") return false;
  return phase.name === "greeting" || phase.name === "relaying";
}

/** Whether another server is tried now; else what has happened is the session's to tell. `detail`: why, in words for operators. */
export function tryNextServer(work: Work, detail: string, why: "refused" | "silent" = "refused"): boolean {
  const { session } = work;
  const { phase, security } = session;
  if (!isReplaceable(session) || !("target" in phase)) return false;
  session.phase = { name: "connecting", target: phase.target };
  session.outstanding = [];
  session.openReply = undefined;
  session.heldServer = [];
  if (security !== inClear) session.security = { ...security, server: inClear.server, stage: undefined };
  emit(work, { kind: "cancel", timer: "silence" });
  emit(work, { kind: "connect-next", why, detail });
  return true;
}
