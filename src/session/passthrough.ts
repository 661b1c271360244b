// Passthrough: AUTH is the server's to answer. Once it has said 234 the session is opaque: client and server speak TLS with each other,
// and the gateway copies it. Nothing is said to either of them then, no line is read, and no pinhole is open. CCC ends that: then
// lines are commands and replies again, and data connections are translated as before.
import type { Command } from "../ftp/command.ts";
import { formatReply } from "../ftp/reply.ts";
import type { OpaqueEvent, TlsEvent } from "./events.ts";
import { refusal } from "./refusals.ts";
import { isTlsMechanism } from "./security-policy.ts";
import type { Session } from "./state.ts";
import { abandon, emit, end, lingerMs, record, refuse, sendToServer, type Work } from "./work.ts";

/** Whether TLS between client and server is theirs alone, and the gateway's to copy. */
export function isPassedThrough({ options }: Session): boolean {
  return options.tls?.kind === "passthrough";
}

/** AUTH: the server's to answer. What the client says behind it waits, and is nobody's to obey if the answer is yes. */
export function passedAuth(work: Work, { verb, argument, line }: Command): void {
  const { session } = work;
  if (!isTlsMechanism(argument)) refuse(work, refusal("tls:mechanism"));
  else if (isLimited(session)) {
    refuse(work, refusal("tls:policy"));
  } else {
    session.passthrough = "asked";
    sendToServer(work, line, { kind: "auth", verb });
  }
}

/** Policy forbids something that could not be seen under TLS, to everybody or to some users. */
function isLimited({ policy, clientOptions: { userPolicies } }: Session): boolean {
  const { commands, readOnly, anonymousOnly } = policy;
  if (userPolicies.length > 0) return true;
  return readOnly || anonymousOnly || "allow" in commands || commands.deny.length > 0;
}

/** The server agrees to TLS. Some say 334, which clients take for the same. */
export function agreesToTls(code: number): boolean {
  return code === 234 || code === 334;
}

/** AUTH has its answer. */
export function authAnswered(work: Work, code: number, text: string): void {
  const { session } = work;
  if (!agreesToTls(code)) {
    session.passthrough = undefined;
    return;
  }
  const isEarly = session.heldClient.some(({ kind }) => kind !== "client-end");
  if (isEarly || session.heldServer.some(({ kind }) => kind !== "server-end")) {
    session.passthrough = undefined;
    saidTooEarly(work, `the ${isEarly ? "client" : "server"} has said more in clear`);
    return;
  }
  abandon(work);
  goOpaque(work, formatReply(code, text));
  record(work, { kind: "reply", code });
}

/** TLS begins with the first byte: what came of the client until now is TLS, and was left unread. */
export function serverForImplicitTls(work: Work): void {
  if (!isLimited(work.session)) {
    goOpaque(work, "");
    return;
  }
  const { reason, text } = refusal("tls:policy");
  record(work, { kind: "refusal", reason, detail: text });
  end(work, "tls-failed", text);
}

/** Who was logged in is not any more (RFC 4217 4); who is, and by which policy, can't be seen. */
function goOpaque(work: Work, says: string): void {
  const { session } = work;
  session.passthrough = "opaque";
  session.clientState = session.clientState === "silent" ? "speaking" : session.clientState;
  if (session.loggedIn) emit(work, { kind: "timer", timer: "login", ms: session.options.timeouts.loginMs });
  Object.assign(session, { loggedIn: false, policy: session.clientOptions.policy, nextPolicy: undefined, user: "" });
  Object.assign(session, { epsvAll: false, algsDisabled: false });
  emit(work, { kind: "go-opaque", says });
  record(work, { kind: "opaque" });
}

/**
 * Bytes have passed. Whose handshake is done counts as logged in, for there is no more to be seen of it: the server, which sees it,
 * lets nobody stay or transfer who is not.
 */
export function opaqueMoved(work: Work, { isSecured }: Extract<OpaqueEvent, { kind: "opaque-moved" }>): void {
  const { session } = work;
  emit(work, { kind: "timer", timer: "idle", ms: session.options.timeouts.idleMs });
  if (session.clientState === "ended") emit(work, { kind: "timer", timer: "grace", ms: lingerMs(work) });
  if (!isSecured || session.loggedIn) return;
  session.loggedIn = true;
  emit(work, { kind: "cancel", timer: "login" });
}

/** The client speaks in clear again. */
export function opaqueEnded(work: Work): void {
  work.session.passthrough = undefined;
  record(work, { kind: "opaque-ended" });
}

/** What came is not what belongs there. */
export function passthroughFailed(work: Work, event: Extract<TlsEvent, { kind: "tls-failed" }>): void {
  const { side, cause, detail } = event;
  record(work, { kind: "tls-failed", side, connection: "control", cause, detail });
  if (cause === "bytes-before-tls") {
    // Nothing was said yet: both are in clear.
    work.session.passthrough = undefined;
    saidTooEarly(work, detail);
  } else end(work, "tls-failed", `${side}: ${detail}`);
}

/** Something has come in clear that would be taken for what was said under TLS. */
export function saidTooEarly(work: Work, detail: string): void {
  const { reason, text } = refusal("bytes-before-tls");
  record(work, { kind: "refusal", reason, detail });
  end(work, "bytes-before-tls", detail, text);
}
