// Diagnose, control connections: what a server, its name, its answers or the end of a session tell of the hop that failed.
import { announcedEndpoint } from "./announced-address.ts";
import { formatEndpoint } from "../net/endpoint.ts";
import { isPassive, type Mode } from "./mode.ts";
import { dialCause, diagnoseMissing } from "./diagnose.ts";
import { found } from "./found.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { EndReason } from "./reasons.ts";
import { findTransfer, targetOf, type Outstanding, type Session } from "./state.ts";
import type { Attempt } from "./transfer-state.ts";

/** No address for the server's name. `detail`: the name, a blank, and the error. */
export function diagnoseUnresolved(session: Session, detail: string): Diagnosis {
  if (session.options.route.kind === "pool") return found(session, "server-control", "no-server-up", { why: detail });
  const { host = "" } = targetOf(session) ?? {};
  const said = detail.startsWith(`${host} `) ? detail.slice(host.length + 1) : detail;
  return found(session, "server-control", "name-unresolved", { endpoint: host, why: said, said });
}

/** None of the server's endpoints could be connected. `detail`: each with its error. */
export function diagnoseUnreachable(session: Session, detail: string): Diagnosis {
  if (/EMFILE|ENFILE/.test(detail)) return found(session, "gateway", "no-descriptor", { why: detail });
  // Each server of a pool may have failed in another way.
  const cause = session.options.route.kind === "pool" ? "no-server-up" : (dialCause(detail) ?? "unreachable");
  return found(session, "server-control", cause, { why: detail });
}

/**
 * The server has answered no to every way of negotiating a data connection, or to the one that the client has chosen.
 * `isUnreadable`: it has said yes without an endpoint. `told`: where it was told to connect.
 */
export function diagnoseRejected(
  session: Session,
  tried: readonly Answer[],
  { isUnreadable, told }: { readonly isUnreadable: boolean; readonly told: string | undefined },
): Diagnosis {
  const why = tried.map(attemptText).join("; ");
  const note = told === undefined ? "" : ` It was told to connect to ${told}.`;
  const parts = { endpoint: serverEndpoint(session), why, said: attemptsForClient(tried), note };
  return found(session, "server-control", isUnreadable ? "no-endpoint" : "rejected", parts);
}

/** A command of ours or of the client's, and what the server has said to it. */
export type Answer = Omit<Attempt, "mode"> & { readonly mode: string };

function attemptText({ mode, code, text }: Answer): string {
  return `${mode} answered ${code} ${text}`.trim();
}

/** What the server has said, without what may be an address of its side. */
export function attemptsForClient(tried: readonly Answer[]): string {
  return tried.map((one) => attemptText({ ...one, text: /\d/.test(one.text) ? "" : one.text })).join("; ");
}

/** A refusal that is passed on as it is. One that a client answers by trying another mode is not the end of anything. */
export function isFinalRejection(mode: Mode, code: number): boolean {
  if (code === 530 || code === 532) return false;
  const isPlain = mode === "PORT" || mode === "PASV";
  return isPlain || ![500, 501, 502, 504, 522].includes(code);
}

/** The server closes the session with 421, or greets with an error. What it closes after a time without commands is no failure. */
export function diagnoseTurnedAway(session: Session, reply: string): Diagnosis | undefined {
  const isBusy = session.outstanding.some(({ kind }) => kind === "transfer" || kind === "login" || kind === "greeting");
  if (session.loggedIn && !isBusy) return undefined;
  return found(session, "server-control", "turned-away", { endpoint: serverEndpoint(session), why: reply });
}

/** What became of a transfer, or the answer to a command, is overdue. */
export function diagnoseUnanswered(session: Session, entry: Outstanding): Diagnosis {
  const verb = "verb" in entry ? entry.verb : "";
  const why = entry.kind === "transfer" ? `what became of ${verb}` : verb;
  return found(session, "server-control", "no-reply", { endpoint: serverEndpoint(session), why });
}

/** Why a session that ends so has failed; undefined where it has not. */
export function diagnoseEnd(session: Session, reason: EndReason, detail: string): Diagnosis | undefined {
  switch (reason) {
    case "client-gone":
      // What can't be read may well have been its end.
      if (session.passthrough === "opaque") return undefined;
      return detail === "" || !session.loggedIn ? undefined : clientLost(session, detail);
    case "server-gone":
      return serverLost(session, detail);
    case "server-closing":
      return session.phase.name === "greeting" ? diagnoseTurnedAway(session, detail) : undefined;
    case "server-line-too-long":
      return found(session, "server-control", "line-too-long", { endpoint: serverEndpoint(session) });
    case "login-timeout":
      if (session.phase.name !== "greeting") return unanswered(session);
      return found(session, "server-control", "no-greeting", { endpoint: serverEndpoint(session) });
    case "idle":
      return unanswered(session);
    case "loop":
      return found(session, "gateway", "loop", { endpoint: detail.split(" ", 1)[0] ?? "" });
    case "internal-error":
      return found(session, "gateway", "internal-error", {});
    default:
      return undefined;
  }
}

function clientLost(session: Session, detail: string): Diagnosis {
  const cause = dialCause(detail) === "timed-out" ? "timed-out" : "reset";
  return found(session, "client-control", cause, { peer: session.client.peer.address, why: detail });
}

function serverLost(session: Session, detail: string): Diagnosis {
  const endpoint = serverEndpoint(session);
  if (detail.startsWith("the server closed")) return found(session, "server-control", "closed", { endpoint, why: "" });
  if (dialCause(detail) === "timed-out") {
    return found(session, "server-control", "timed-out", { why: `${endpoint} ${detail}`.trim() });
  }
  return found(session, "server-control", "reset", { endpoint, why: detail });
}

/** A command that the server should have answered by now. */
function unanswered(session: Session): Diagnosis | undefined {
  const entry = session.outstanding.find(({ kind, optional }) => kind !== "local" && !optional);
  return entry === undefined ? undefined : diagnoseUnanswered(session, entry);
}

/** Data connections that are still to be made when a session ends: the first that somebody should have come to by now. */
export function diagnoseUnmade(session: Session): { id: number; diagnosis: Diagnosis } | undefined {
  for (const { id, closed, rejected } of session.transfers) {
    const transfer = findTransfer(session, id);
    if (transfer === undefined || closed !== undefined || rejected || session.negotiation?.id === id) continue;
    const missing = diagnoseMissing(session, transfer);
    if (missing !== undefined) return { id, diagnosis: missing };
  }
  return undefined;
}

/** Where the server was told to connect, in its active modes. */
export function toldEndpoint(session: Session, mode: Mode, port: number | undefined): string | undefined {
  const { phase } = session;
  if (isPassive(mode) || port === undefined || !("server" in phase) || phase.server === undefined) return undefined;
  return formatEndpoint(announcedEndpoint(session, "server", phase.server, port));
}

function serverEndpoint({ phase }: Session): string {
  return "server" in phase && phase.server !== undefined ? formatEndpoint(phase.server.peer) : "";
}
