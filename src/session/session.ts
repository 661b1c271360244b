// Session as a state machine: step(state, event) → [state, effects]. Nothing here opens a socket, reads a clock or
// throws on what a peer says. Phases: choosing → resolving → connecting → greeting → relaying → ended (state.ts).
// Held: the client's lines until the server's greeting, while a data connection is negotiated, behind PORT and the like until a
// login is answered, and a transfer command while the server is being connected to; the server's lines
// while a pinhole is being opened and while a completion reply waits for its data. RFC 959, 1123, 2428, 2577, 6384.
import { parseCommand, transferDirection } from "../ftp/command.ts";
import type { PinholeEvent } from "../dataplane/pinhole.ts";
import { clientHeard, clientSaid } from "./client-commands.ts";
import { endIfDone, isTransferring, prolongGrace, serverGone, stopped } from "./ending.ts";
import type { ClientEvent, SessionEffect, SessionEvent, ServerEvent, TimerName } from "./events.ts";
import { connectToResolved } from "./login.ts";
import { pinholeAnswered } from "./negotiation.ts";
import { tryNextServer } from "./next-server.ts";
import { isPassedThrough, opaqueEnded, opaqueMoved, passthroughFailed } from "./passthrough.ts";
import { dependsOnUser } from "./policies.ts";
import { dependsOnLogin } from "./policy.ts";
import { doubtAgain, doubtExpired, replyOverdue, serverLine } from "./replies.ts";
import { isAdmitted, isBeingMade, isDataMoving, isReachingServer, isUploading, type Session } from "./state.ts";
import { connected, lookupRefused, serverSilent, unreachable, unresolved } from "./server-connection.ts";
import { lingerExpired, resultOverdue } from "./completion.ts";
import { busyStandingPort, standingPortAnswered } from "./standing-port.ts";
import { abortOverdue, mayTransfer, pinholeReported } from "./transfers.ts";
import { hasEnoughToAnswer } from "./wanted-input.ts";
import { bytesBeforeTls, takeTurn } from "./client-security.ts";
import { isAboutToSecure } from "./security-state.ts";
import { tlsReported } from "./security.ts";
import { emit, end, giveLocalAnswers, lingerMs, recordQuirk, type Work } from "./work.ts";

type Step = readonly [Session, readonly SessionEffect[]];

/** What `event` makes of `session`, and what is to be done, in order. */
export function step(session: Session, event: SessionEvent): Step {
  const work: Work = { session: { ...session }, effects: [] };
  handle(work, event);
  settle(work);
  return [work.session, work.effects];
}

function handle(work: Work, event: SessionEvent): void {
  const { session } = work;
  const { phase } = session;
  if (phase.name === "ended") {
    if (event.kind === "pinhole") pinholeReported(work, event.id, event.event);
    return;
  }
  switch (event.kind) {
    case "client-line":
    case "client-refused":
    case "client-end":
      fromClient(work, event);
      break;
    case "server-line":
    case "server-refused":
    case "server-end":
    case "server-lost":
      fromServer(work, event);
      break;
    case "client-lost":
      clientLost(work, event.detail);
      break;
    case "telnet-answer":
      emit(work, { kind: "to-client", bytes: event.bytes });
      break;
    case "server-telnet":
      recordQuirk(work, "telnet-command");
      if ("server" in phase && event.bytes !== "") emit(work, { kind: "to-server", bytes: event.bytes });
      break;
    case "resolved":
      if (phase.name === "resolving") connectToResolved(work, phase.target, event.candidates);
      break;
    case "unresolved":
      if (phase.name === "resolving") unresolved(work, phase.target, event.detail);
      break;
    case "unresolvable":
      if (phase.name === "resolving") lookupRefused(work);
      break;
    case "unreachable":
      unreachable(work, event.detail);
      break;
    case "connected":
      if (phase.name === "connecting") connected(work, phase.target, event);
      break;
    case "pinhole":
      pinholeEvent(work, event.id, event.event);
      break;
    case "opaque-moved":
      opaqueMoved(work, event);
      break;
    case "opaque-ended":
      opaqueEnded(work);
      break;
    case "tls-started":
    case "tls-failed":
    case "tls-ended":
      if (!isPassedThrough(session)) tlsReported(work, event);
      else if (event.kind === "tls-failed") passthroughFailed(work, event);
      break;
    case "timer":
      timedOut(work, event.timer);
      break;
    case "drain":
      session.draining = true;
      break;
    case "stop":
      stopped(work, event.reason, event.detail);
      break;
  }
}

function fromClient(work: Work, event: ClientEvent): void {
  const { session } = work;
  if (event.kind === "client-end") clientLeaves(work);
  else clientHeard(work, event);
  if (session.phase.name === "ended") return;
  if (session.heldClient.length > 0 || isClientHeld(session, event)) {
    // A client that keeps its data connection has no longer than that.
    const busy = busyStandingPort(session);
    if (busy !== undefined && session.heldClient.length === 0) emit(work, { kind: "linger", id: busy });
    session.heldClient = [...session.heldClient, event];
  } else clientEvent(work, event);
}

/** It may still read. Its FIN is not passed on: a server that closes on it would leave commands unanswered. */
function clientLeaves(work: Work): void {
  const { session } = work;
  session.clientState = "ended";
  // Until the server is ready, the time to log in is the limit.
  if (session.phase.name === "relaying") emit(work, { kind: "timer", timer: "grace", ms: lingerMs(work) });
}

/** A client that closes with replies unread breaks its control connection. What it has uploaded is on its way all the same. */
function clientLost(work: Work, detail: string): void {
  const { session } = work;
  const isAboutTo = session.heldClient.some((event) => usesDataConnection(event)) && isReachingServer(session);
  if (!isUploading(session) && !isAboutTo) end(work, "client-gone", detail);
  else if (work.session.clientState !== "ended") fromClient(work, { kind: "client-end" });
}

function fromServer(work: Work, event: ServerEvent): void {
  const { session } = work;
  if (!("server" in session.phase) || session.serverLeaving?.how === "gone") return;
  if (session.heldServer.length > 0 || isServerHeld(session)) {
    session.heldServer = [...session.heldServer, event];
    doubtAgain(work);
  } else serverEvent(work, event);
}

function pinholeEvent(work: Work, id: number, event: PinholeEvent): void {
  const { negotiation } = work.session;
  if (negotiation?.id !== id || negotiation.stage !== "opening") pinholeReported(work, id, event);
  else if (negotiation.command === undefined) pinholeAnswered(work, negotiation, event);
  else standingPortAnswered(work, id, negotiation.command, event);
}

function isClientHeld(session: Session, event: ClientEvent): boolean {
  if (session.security.stage !== undefined) return true;
  if (session.phase.name === "choosing") return false;
  if (session.phase.name !== "relaying" || session.negotiation !== undefined) return true;
  if (session.passthrough === "asked") return true;
  if (event.kind === "client-line" && waitsForLogin(session, event.text)) return true;
  if (session.serverLeaving?.how === "gone" || hasEnoughToAnswer(session)) return true;
  if (session.standing !== undefined && isTransfer(event) && busyStandingPort(session) !== undefined) return true;
  return isReachingServer(session) && usesDataConnection(event);
}

function waitsForLogin(session: Session, line: string): boolean {
  if (session.clientOptions.userPolicies.length > 0 && dependsOnUser(session, line)) return true;
  return dependsOnLogin(session, line);
}

function isTransfer(event: ClientEvent): boolean {
  return event.kind === "client-line" && transferDirection(parseCommand(event.text)?.verb ?? "") !== undefined;
}

function usesDataConnection(event: ClientEvent): boolean {
  return event.kind === "client-line" && mayTransfer(parseCommand(event.text)?.verb ?? "");
}

/** The client has connected to upload, and the data plane is about to reach the server, or to fail. */
function isBeingUploaded(session: Session): boolean {
  return isUploading(session) && session.transfers.some((transfer) => isAdmitted(transfer) && isBeingMade(transfer));
}

function isServerHeld(session: Session): boolean {
  const { held, negotiation, openReply } = session;
  return held !== undefined || negotiation?.stage === "opening" || openReply?.isDoubted === true;
}

/** Whatever was held and may go now goes, in order; then the session ends if nothing is left to wait for. */
function settle(work: Work): void {
  const { session } = work;
  for (;;) {
    if (session.phase.name === "ended") return;
    giveLocalAnswers(work);
    if (session.security.stage?.kind === "waiting") takeTurn(work);
    const [serverHeld, ...laterServer] = session.heldServer;
    const [clientHeld, ...laterClient] = session.heldClient;
    if (serverHeld !== undefined && !isServerHeld(session)) {
      session.heldServer = laterServer;
      serverEvent(work, serverHeld);
    } else if (clientHeld !== undefined && !isClientHeld(session, clientHeld)) {
      session.heldClient = laterClient;
      clientEvent(work, clientHeld);
    } else {
      break;
    }
  }
  endIfDone(work);
}

function clientEvent(work: Work, event: ClientEvent): void {
  if (event.kind !== "client-end") {
    clientSaid(work, event);
    return;
  }
  const { session } = work;
  const isQuitting = session.quitAnswered || session.outstanding.some((entry) => entry.kind === "quit");
  // RFC 959: an unexpected close is an ABOR and a QUIT; after QUIT a transfer in progress is completed. The bytes of an upload
  // were sent before the close, and are the server's to judge (D4.83).
  const isGivenUp = !isQuitting && isTransferring(session) && !isUploading(session);
  if (session.phase.name !== "relaying" || isGivenUp) end(work, "client-gone", "");
  else emit(work, { kind: "timer", timer: "grace", ms: lingerMs(work) });
}

function serverEvent(work: Work, event: ServerEvent): void {
  const since = work.effects.length;
  switch (event.kind) {
    case "server-line":
      if (work.session.security.stage !== undefined && isAboutToSecure(work.session, "server"))
        bytesBeforeTls(work, "server", "the server has said more in clear");
      else serverLine(work, event.text, event.raw);
      break;
    case "server-refused":
      if (tryNextServer(work, "sent a line that is too long")) break;
      end(work, "server-line-too-long", event.reason, "The server sent a line that is too long.");
      break;
    case "server-end":
      if (work.session.passthrough === "opaque") end(work, "opaque-closed", "the server closed the control connection");
      else serverGone(work, "the server closed the control connection");
      break;
    case "server-lost":
      serverGone(work, event.detail);
      break;
  }
  if (work.session.clientState === "ended") prolongGrace(work, since);
}

function timedOut(work: Work, timer: TimerName): void {
  const { session } = work;
  switch (timer) {
    case "login":
      if (!session.loggedIn) end(work, "login-timeout", "", "Login timed out.");
      break;
    case "idle":
      idleExpired(work);
      break;
    case "linger":
      replyOverdue(work);
      lingerExpired(work);
      break;
    case "grace":
      graceExpired(work);
      break;
    case "abort":
      abortOverdue(work);
      break;
    case "doubt":
      doubtExpired(work);
      break;
    case "result":
      resultOverdue(work);
      break;
    case "silence":
      serverSilent(work);
      break;
  }
}

function idleExpired(work: Work): void {
  const { session } = work;
  if (isDataMoving(session)) return;
  // The client is told what became of its upload before it is sent away.
  if (resultOverdue(work)) emit(work, { kind: "timer", timer: "idle", ms: session.options.timeouts.idleMs });
  else end(work, "idle", "", "Idle for too long.");
}

/** The client reads on perhaps, but says no more. It gets what the server still has to say, not a session without end. */
function graceExpired(work: Work): void {
  const { serverLeaving, clientState, quitAnswered } = work.session;
  if (serverLeaving?.how === "closing") end(work, "server-closing", serverLeaving.detail);
  else if (clientState !== "ended") return;
  else if (isDataMoving(work.session) || isBeingUploaded(work.session) || isReachingServer(work.session)) {
    emit(work, { kind: "timer", timer: "grace", ms: lingerMs(work) });
  } else end(work, quitAnswered ? "quit" : "client-gone", "");
}
