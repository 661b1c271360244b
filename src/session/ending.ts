// Ending: when a session is over by itself. Whatever runs comes to its end first: data connections, and replies that are due.
import type { Transfer } from "./transfer-state.ts";
import {
  findTransfer,
  isDataMoving,
  isOpenUpload,
  isUnansweredTransfer,
  type Outstanding,
  type Session,
  type TransferEntry,
} from "./state.ts";
import { diagnoseTurnedAway } from "./diagnose-control.ts";
import { tryNextServer } from "./next-server.ts";
import type { EndReason } from "./reasons.ts";
import { refusal } from "./refusals.ts";
import { abandon, emit, end, lingerMs, recordFailure, recordQuirk, type Work } from "./work.ts";

/** The gateway ends the session now. */
export function stopped(work: Work, reason: EndReason, detail: string): void {
  end(work, reason, detail, stopWords[reason] ?? "The gateway is shutting down.");
}

const stopWords: Readonly<Partial<Record<EndReason, string>>> = {
  "internal-error": "Internal error.",
  "too-many-before-login": "Too many sessions before login; try again later.",
  "ended-by-operator": "The session was ended by an operator.",
  banned: refusal("banned").text,
};

/** The server will not say more. What it promised is kept: running data connections come to their end first. */
export function serverGone(work: Work, detail: string): void {
  const { session } = work;
  if (tryNextServer(work, detail)) return;
  if (session.phase.name !== "relaying") {
    end(work, "server-gone", detail, "The server closed the connection.");
    return;
  }
  if (session.serverLeaving !== undefined) {
    end(work, "server-closing", session.serverLeaving.detail);
    return;
  }
  session.serverLeaving = { how: "gone", detail };
  if (session.outstanding.some(isUnansweredTransfer)) recordQuirk(work, "closed-without-final-reply");
  for (const transfer of openTransfers(session)) {
    if (!transfer.joined && !isDue(session, transfer)) continue;
    // Its bytes were held for an announcement that does not come any more.
    if (isUnannounced(session, transfer)) emit(work, { kind: "confirm", id: transfer.id });
    emit(work, { kind: "linger", id: transfer.id });
  }
}

/**
 * 421: the server closes the control connection (RFC 959). Nothing more comes of what is under way. What the client says
 * until then passes, for a client may QUIT first; a server that doesn't close is not waited for.
 */
export function serverCloses(work: Work, detail: string): void {
  const { session } = work;
  if (tryNextServer(work, `said ${detail}`)) return;
  if (session.phase.name !== "relaying") {
    end(work, "server-closing", detail);
    return;
  }
  if (!session.outstanding.some(({ kind }) => kind === "quit"))
    recordFailure(work, diagnoseTurnedAway(session, detail));
  abandon(work);
  session.serverLeaving ??= { how: "closing", detail };
  emit(work, { kind: "timer", timer: "grace", ms: farewellMs });
}

/** Time enough for a QUIT and its answer. */
const farewellMs = 1000;

/** A client that says no more may read on, while there is something for it: among the effects from there on. */
export function prolongGrace(work: Work, since: number): void {
  const isForClient = work.effects.slice(since).some(({ kind }) => kind === "to-client");
  if (isForClient && work.session.phase.name !== "ended")
    emit(work, { kind: "timer", timer: "grace", ms: lingerMs(work) });
}

function openTransfers(session: Session): readonly Transfer[] {
  return session.transfers.filter(({ closed }) => closed === undefined);
}

export function endIfDone(work: Work): void {
  const { session } = work;
  const { outstanding, serverLeaving } = session;
  const hasClientEnded = session.clientState === "ended";
  if (serverLeaving?.how === "closing") {
    if (hasClientEnded || session.quitAnswered) end(work, "server-closing", serverLeaving.detail);
    return;
  }
  // Whether anything is under way can't be seen.
  if (session.passthrough === "opaque" && serverLeaving === undefined) return;
  if (session.held !== undefined || (serverLeaving === undefined && isDataAwaited(session))) return;
  if (serverLeaving !== undefined) {
    if (openTransfers(session).some((transfer) => isAwaited(session, transfer))) return;
    const hasQuit = session.quitAnswered || outstanding.some(({ kind }) => kind === "quit");
    if (hasQuit) end(work, "quit", "");
    else end(work, "server-gone", serverLeaving.detail, "The server closed the connection.");
  } else if (session.quitAnswered) {
    // The result of a transfer is told after QUIT too (RFC 959). A client that has closed does not ask for it.
    const results = outstanding.filter(isUnansweredTransfer);
    const isWanted = (entry: TransferEntry) =>
      findTransfer(session, entry.id)?.joined === true || isOpenUpload(session, entry);
    const isOver = hasClientEnded && !results.some(isWanted);
    if (isOver || results.length === 0) end(work, "quit", "");
  } else if (session.phase.name !== "relaying") {
    if (session.draining) end(work, "drained", "", "The gateway is shutting down.");
  } else if (!isUnderWay(session)) {
    if (hasClientEnded && outstanding.every(isAnswered)) end(work, "client-gone", "");
    else if (session.draining && outstanding.every((entry) => entry.optional || isAnswered(entry))) {
      end(work, "drained", "", "The gateway is shutting down.");
    }
  }
}

/** What the client has said is not done with yet. */
function isUnderWay({ negotiation, openReply, heldClient, security }: Session): boolean {
  return security.stage !== undefined || negotiation !== undefined || openReply !== undefined || heldClient.length > 0;
}

/** Data moves, and somebody is there for it: not where the client is gone and the server has said what became of its upload. */
function isDataAwaited(session: Session): boolean {
  if (session.clientState !== "ended") return isDataMoving(session);
  const results = session.outstanding.filter(isUnansweredTransfer);
  const isOver = ({ id, direction }: Transfer) => direction === "upload" && !results.some((entry) => entry.id === id);
  return isDataMoving({ ...session, transfers: session.transfers.filter((transfer) => !isOver(transfer)) });
}

/**
 * The server is gone, its data may not be, unless no transfer was asked for. A client that was told of no transfer reads a
 * reply first and its data then, so it is told what happened as soon as it has been given the end of the data.
 */
function isAwaited(session: Session, transfer: Transfer): boolean {
  const { id, joined, delivered, direction } = transfer;
  if (id === session.pending) return false;
  if (isUnannounced(session, transfer)) return joined && !delivered && direction !== "upload";
  return joined || isDue(session, transfer);
}

function isUnannounced({ outstanding }: Session, { id }: Transfer): boolean {
  return outstanding.filter(isUnansweredTransfer).some((entry) => !entry.begun && entry.id === id);
}

/** A transfer has begun, and its data has not come to an end. */
export function isTransferring(session: Session): boolean {
  return isDataMoving(session) || openTransfers(session).some((transfer) => isDue(session, transfer));
}

/** The server has begun a transfer whose data connection is still being made, on our side or on the client's. */
function isDue({ outstanding }: Session, { id }: Transfer): boolean {
  return outstanding.filter(isUnansweredTransfer).some((entry) => entry.begun && entry.id === id);
}

function isAnswered(entry: Outstanding): boolean {
  return entry.kind === "transfer" && entry.answered;
}
