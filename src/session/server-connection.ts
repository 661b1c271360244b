// Server connection: what comes of looking up a server's name and of connecting to it.
import { diagnoseUnreachable, diagnoseUnresolved } from "./diagnose-control.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { SessionEvent } from "./events.ts";
import { updateSecurity } from "./client-tls.ts";
import { refuseUnresolved } from "./login.ts";
import { isReplaceable, tryNextServer } from "./next-server.ts";
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

/** A server of a pool has so many times the time to connect until it has to be ready for USER. */
const patience = 3;

/** It is not. */
export function serverSilent(work: Work): void {
  const { connectMs } = work.session.options.timeouts;
  tryNextServer(work, `was not ready within ${connectMs * patience} ms`, "silent");
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
  const { route, timeouts } = session.options;
  if (isReplaceable(session)) emit(work, { kind: "timer", timer: "silence", ms: timeouts.connectMs * patience });
  if (serverTls(session)?.implicit === true) {
    emit(work, { kind: "start-tls", side: "server", says: "" });
    updateSecurity(work, { stage: { kind: "handshake", side: "server", next: { kind: "go-on" } } });
  }
  const via = target.user !== undefined ? "user" : route.kind === "login" ? "open" : "connect";
  push(work, { kind: "greeting", via });
}
