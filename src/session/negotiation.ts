// Negotiation of one data connection: the client names its mode, the server is asked in the modes that the
// configuration and the address families allow, one after the other, and the pinhole is open before either peer reads an
// endpoint. The client's further commands are held until its answer is written, so that REST and PRET keep their place.
import { announcedEndpoint } from "./announced-address.ts";
import { format229, formatEprt } from "../ftp/extended.ts";
import { format227, formatPort } from "../ftp/host-port.ts";
import { formatReply, isPositive } from "../ftp/reply.ts";
import { familyOf, type Endpoint } from "../net/endpoint.ts";
import type { PinholeEvent } from "../dataplane/pinhole.ts";
import { attemptsForClient, isFinalRejection } from "./diagnose-control.ts";
import { diagnoseRefused } from "./diagnose.ts";
import type { DialTarget, LegPlan } from "./events.ts";
import { clientLeg, serverLeg } from "./leg-plans.ts";
import { isPassive, serverModes, type Mode } from "./mode.ts";
import { isLoginNeeded } from "./policy.ts";
import { explained, refusal } from "./refusals.ts";
import { recordRejection } from "./rejections.ts";
import { readServerEndpoint, type UnusableEndpoint } from "./server-endpoint.ts";
import { newTransfer, type Negotiation, type StandingPort, type Transfer } from "./transfer-state.ts";
import { findTransfer, isDialledOnly, isVerbatim, serverOf, transferOf } from "./state.ts";
import {
  emit,
  lingerMs,
  passReply,
  record,
  recordFailure,
  recordQuirk,
  recordQuirks,
  refuse,
  remove,
  sendToServer,
  updateTransfer,
  type Work,
} from "./work.ts";

/** `clientLine` is the client's line, `clientEndpoint` where to dial it in its active modes. */
export function startNegotiation(work: Work, clientMode: Mode, clientLine: string, clientEndpoint?: DialTarget): void {
  const { session } = work;
  const { clientOptions, serverRejects, algsDisabled } = session;
  const serverFamily = familyOf(serverOf(session).local.address);
  supersedePending(work);
  const isExtended = clientMode === "EPSV" || clientMode === "EPRT";
  const verbatim = isVerbatim(session) || (algsDisabled && isExtended);
  const [current, ...remaining] = verbatim
    ? [clientMode]
    : serverModes(clientOptions.serverMode, clientMode, serverFamily, serverRejects);
  if (current === undefined) throw new Error(`no mode to ask the server in for ${clientMode}`);
  session.negotiation = {
    id: session.nextId,
    clientMode,
    clientEndpoint,
    clientLine,
    verbatim,
    current,
    remaining,
    tried: [],
    stage: "asking",
  };
  session.nextId += 1;
  attempt(work, session.negotiation);
}

/** A second PORT or PASV before the first was used: the newer wins (D1.17, D5.92). */
export function supersedePending(work: Work): void {
  const { pending } = work.session;
  work.session.pending = undefined;
  work.session.standing = undefined;
  if (pending !== undefined) discard(work, pending);
}

export function forgetTransfer(work: Work, id: number): void {
  work.session.transfers = work.session.transfers.filter((transfer) => transfer.id !== id);
}

function attempt(work: Work, negotiation: Negotiation): void {
  const { session } = work;
  const { id, current, verbatim, clientLine } = negotiation;
  if (isPassive(current)) {
    sendToServer(work, verbatim ? clientLine : current, { kind: "negotiation", verb: current });
    return;
  }
  const { serverListens } = findTransfer(session, id) ?? {};
  if (serverListens !== undefined) announceToServer(work, negotiation, serverListens);
  else open(work, negotiation, { kind: "listen", peer: serverOf(session).peer.address });
}

function open(work: Work, negotiation: Negotiation, server: LegPlan): void {
  const { session } = work;
  const { id, clientMode, current } = negotiation;
  // A REIN on its way may have ended the login meanwhile.
  if (isLoginNeeded(session, clientMode)) {
    giveUp(work, negotiation);
    refuse(work, refusal("not-logged-in", clientMode));
    return;
  }
  session.negotiation = { ...negotiation, stage: "opening" };
  const plans = { client: clientLeg(session, negotiation.clientEndpoint), server: serverLeg(session, server) };
  session.transfers = [...session.transfers, { ...newTransfer, id, clientMode, serverMode: current, plans }];
  emit(work, { kind: "open", id, ...plans });
}

/** The data plane's answer to `open`. */
export function pinholeAnswered(work: Work, negotiation: Negotiation, event: PinholeEvent): void {
  if (event.kind === "refused") {
    const transfer = transferOf(work.session, negotiation.id);
    const diagnosis = diagnoseRefused(work.session, event.reason, event.detail, transfer);
    forgetTransfer(work, negotiation.id);
    work.session.negotiation = undefined;
    recordFailure(work, diagnosis, negotiation.id);
    refuse(work, explained(refusal(event.reason), diagnosis));
    return;
  }
  if (event.kind !== "opened") throw new Error(`the data plane reports ${event.kind} before anything is open`);
  updateTransfer(work, negotiation.id, {
    plane: event.plane,
    clientListens: event.client,
    serverListens: event.server,
  });
  const asking: Negotiation = { ...negotiation, stage: "asking" };
  work.session.negotiation = asking;
  if (isPassive(negotiation.current)) finish(work, asking);
  else if (event.server !== undefined) announceToServer(work, asking, event.server);
  else throw new Error("the data plane does not say where it listens for the server");
}

function announceToServer(work: Work, negotiation: Negotiation, listens: Endpoint): void {
  const endpoint = announcedEndpoint(work.session, "server", serverOf(work.session), listens.port);
  const line = negotiation.current === "PORT" ? `PORT ${formatPort(endpoint)}` : `EPRT ${formatEprt(endpoint)}`;
  sendToServer(work, line, { kind: "negotiation", verb: negotiation.current });
}

/**
 * The first or only line of the server's final answer: what becomes of the reply. Only this line can carry the endpoint
 * (D1.15), except that a multi-line answer without one in its first line may have it in its last.
 */
export function isNegotiationReplyPassed(work: Work, code: number): boolean {
  const negotiation = negotiationOf(work);
  if (isPassive(negotiation.current)) return !isPositive(code) && isPassedOn(negotiation, code);
  return isPositive(code) ? negotiation.verbatim : isPassedOn(negotiation, code);
}

/** A refusal that no other mode would change (not logged in, 4yz), or that the client asked for itself, is the client's. */
function isPassedOn(negotiation: Negotiation, code: number): boolean {
  return negotiation.verbatim || code < 500 || code === 530 || code === 532;
}

/** The server's final answer is complete. `texts` are its first and last line behind the code. */
export function negotiationReply(work: Work, code: number, texts: readonly string[]): void {
  const negotiation = negotiationOf(work);
  if (isPassive(negotiation.current)) passiveReply(work, negotiation, code, texts);
  else if (isPositive(code)) finish(work, negotiation);
  else rejected(work, negotiation, code, texts[0] ?? "");
}

/** The negotiation that a reply belongs to. Throws where there is none: only a fault of the core asks then. */
function negotiationOf({ session }: Work): Negotiation {
  if (session.negotiation === undefined) throw new Error("a reply belongs to a negotiation that is over");
  return session.negotiation;
}

/** A command that servers may leave unanswered has had a reply that may be the answer to ours (D5.86). */
export function presumeAnswered(work: Work, code: number, texts: readonly string[]): void {
  const { negotiation } = work.session;
  if (negotiation?.stage !== "asking" || (isPassive(negotiation.current) && isPositive(code))) return;
  work.session.negotiation = { ...negotiation, presumed: { code, texts } };
  emit(work, { kind: "timer", timer: "linger", ms: lingerMs(work) });
}

/** No other reply has come: what was presumed is so. The client has read it already. */
export function negotiationOverdue(work: Work): void {
  const { negotiation, outstanding, openReply } = work.session;
  const pending = outstanding.find(({ kind }) => kind === "negotiation");
  // What has begun to come is the answer, or stands before it.
  if (negotiation?.presumed === undefined || pending === undefined || openReply !== undefined) return;
  remove(work, pending);
  recordQuirk(work, "reply-missing");
  negotiationReply(work, negotiation.presumed.code, negotiation.presumed.texts);
}

function passiveReply(work: Work, negotiation: Negotiation, code: number, texts: readonly string[]): void {
  const text = texts[0] ?? "";
  if (code < 227 || code > 229) work.session.owesAnnouncement = true;
  if (!isPositive(code)) {
    rejected(work, negotiation, code, text);
    return;
  }
  const mode = negotiation.current === "EPSV" ? "EPSV" : "PASV";
  if (code !== (mode === "EPSV" ? 229 : 227)) {
    unusable(work, negotiation, code, text, "server-endpoint-malformed");
    return;
  }
  const read = readServerEndpoint(mode, texts, work.session);
  recordQuirks(work, read.quirks);
  if (read.ok) open(work, negotiation, { kind: "dial", to: read.endpoint });
  else unusable(work, negotiation, code, text, read.reason);
}

/** The server said yes, but to something that can't be used: the next mode is tried, or the client told. */
function unusable(work: Work, negotiation: Negotiation, code: number, text: string, reason: UnusableEndpoint): void {
  const tried = [...negotiation.tried, { mode: negotiation.current, code, text }];
  if (negotiation.current === "EPSV" && negotiation.remaining.length > 0) learn(work, "EPSV", code);
  next(work, { ...negotiation, tried }, reason);
}

function rejected(work: Work, negotiation: Negotiation, code: number, text: string): void {
  const tried = [...negotiation.tried, { mode: negotiation.current, code, text }];
  if (isPassedOn(negotiation, code)) {
    if (isFinalRejection(negotiation.current, code)) recordRejection(work, { ...negotiation, tried }, false);
    giveUp(work, negotiation);
    return;
  }
  if ([500, 501, 502, 504, 522].includes(code)) learn(work, negotiation.current, code);
  next(work, { ...negotiation, tried }, "server-rejects-mode");
}

function learn(work: Work, mode: Mode, code: number): void {
  const { session } = work;
  if (session.serverRejects.includes(mode)) return;
  session.serverRejects = [...session.serverRejects, mode];
  emit(work, { kind: "learn", rejects: mode });
  record(work, { kind: "server-rejects", mode, code });
}

function next(work: Work, negotiation: Negotiation, reason: UnusableEndpoint | "server-rejects-mode"): void {
  const [current, ...remaining] = negotiation.remaining;
  if (current !== undefined) {
    const { presumed: _, ...rest } = negotiation;
    const renewed: Negotiation = { ...rest, id: reusableId(work, negotiation, current), current, remaining };
    work.session.negotiation = renewed;
    updateTransfer(work, renewed.id, { serverMode: current });
    attempt(work, renewed);
    return;
  }
  // What policy forbids is no failure.
  const isFailure = reason === "server-rejects-mode" || reason === "server-endpoint-malformed";
  const diagnosis = isFailure ? recordRejection(work, negotiation, reason !== "server-rejects-mode") : undefined;
  giveUp(work, negotiation);
  refuse(work, explained(refusal(reason, attemptsForClient(negotiation.tried)), diagnosis));
}

/** What listens for a PORT serves an EPRT too. For a passive attempt after an active one a new data connection is opened. */
function reusableId(work: Work, { id }: Negotiation, mode: Mode): number {
  const { session } = work;
  const transfer = findTransfer(session, id);
  if (transfer === undefined || (!isPassive(mode) && transfer.closed === undefined)) return id;
  discard(work, id);
  session.nextId += 1;
  return session.nextId - 1;
}

function giveUp(work: Work, negotiation: Negotiation): void {
  work.session.negotiation = undefined;
  discard(work, negotiation.id);
}

/** Releases a data connection that no transfer will use. It is forgotten when the data plane has closed it. */
function discard(work: Work, id: number): void {
  const transfer = findTransfer(work.session, id);
  if (transfer === undefined) return;
  if (transfer.closed === undefined) emit(work, { kind: "release", id });
  else forgetTransfer(work, id);
}

/** Both sides are agreed and open: the client gets its answer. In its active modes a verbatim one is already on its way. */
function finish(work: Work, negotiation: Negotiation): void {
  const { session } = work;
  const { id, clientMode, current } = negotiation;
  session.negotiation = undefined;
  const transfer = transferOf(session, id);
  session.pending = id;
  session.standing = standingPort(negotiation, transfer);
  record(work, { kind: "translated", from: clientMode, to: current });
  // As a passive client would, not later: some servers read no command until they are connected to.
  if (isDialledOnly(transfer)) emit(work, { kind: "start", id, dials: true });
  if (isPassive(clientMode)) {
    if (transfer.clientListens === undefined) {
      throw new Error("the data plane does not say where it listens for the client");
    }
    const endpoint = announcedEndpoint(session, "client", session.client, transfer.clientListens.port);
    const [code, text] = clientMode === "PASV" ? [227, format227(endpoint)] : [229, format229(endpoint.port)];
    passReply(work, code, formatReply(code, text));
  } else if (!negotiation.verbatim) {
    passReply(work, 200, formatReply(200, `${clientMode} command successful.`));
  }
}

/** What a second transfer command may use, once both peers have it. */
function standingPort(
  { id, clientMode, clientEndpoint, current }: Negotiation,
  { serverListens }: Transfer,
): StandingPort | undefined {
  if (clientEndpoint === undefined || serverListens === undefined) return undefined;
  return { id, clientMode, serverMode: current, clientEndpoint, serverPort: serverListens.port };
}
