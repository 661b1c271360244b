// Server connection: what comes of looking up a server's name and of connecting to it.
import { diagnoseUnreachable, diagnoseUnresolved } from "./diagnose-control.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { SessionEvent } from "./events.ts";
import { updateSecurity } from "./client-tls.ts";
import { refuseUnresolved } from "./login.ts";
import { serverForImplicitTls } from "./passthrough.ts";
import { refusal } from "./refusals.ts";
import { serverTls } from "./security-state.ts";
import type { Target } from "./state.ts";
import { emit, end, push, record, recordFailure, type Work } from "./work.ts";

/** Too many names are being looked up already. */
export function lookupRefused(work: Work): void {
  const { reason, text } = refusal("too-many-names");
  record(work, { kind: "refusal", reason, detail: text });
  end(work, "server-unreachable", "too many names are being looked up", text);
}

/** No addresses were found for the server's name. */
export function unresolved(work: Work, target: Target, detail: string): void {
  if (!refuseUnresolved(work, target, detail)) giveUp(work, diagnoseUnresolved(work.session, detail), detail);
}

/** None of the server's endpoints could be connected. */
export function unreachable(work: Work, detail: string): void {
  if (work.session.phase.name === "connecting") giveUp(work, diagnoseUnreachable(work.session, detail), detail);
}

function giveUp(work: Work, diagnosis: Diagnosis, detail: string): void {
  recordFailure(work, diagnosis);
  record(work, { kind: "refusal", reason: "server-unreachable", detail });
  end(work, "server-unreachable", detail, diagnosis.clientSentence);
}

/** The server has taken the connection; its greeting is awaited. */
export function connected(work: Work, target: Target, event: Extract<SessionEvent, { kind: "connected" }>): void {
  const { session } = work;
  const { peer, local, advertise, rejects } = event;
  session.serverRejects = rejects;
  session.phase = { name: "greeting", target, server: { peer, local, advertise } };
  record(work, { kind: "server-connected", peer, local });
  emit(work, { kind: "timer", timer: "idle", ms: session.options.timeouts.idleMs });
  if (session.passthrough === "implicit") {
    session.phase = { ...session.phase, name: "relaying" };
    serverForImplicitTls(work);
    return;
  }
  const { route } = session.options;
  if (serverTls(session)?.implicit === true) {
    emit(work, { kind: "start-tls", side: "server", says: "" });
    updateSecurity(work, { stage: { kind: "handshake", side: "server", next: { kind: "go-on" } } });
  }
  const via = route.kind !== "login" ? "connect" : target.user === undefined ? "open" : "user";
  push(work, { kind: "greeting", via });
}
