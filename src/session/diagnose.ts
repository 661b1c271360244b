// Diagnose: from the state of a session and what has just gone wrong to the diagnosis. Nothing of it is worked out before something
// fails. Errors of the system are known by their names in the details, so that a transcript holds all that is needed.
import { formatEndpoint, isUnspecified, networkContains, familyOf, type Endpoint } from "../net/endpoint.ts";
import type { OpenRefusal, PinholeOutcome, Side } from "../dataplane/pinhole.ts";
import { announcedEndpoint, isPrivateTo } from "./announced-address.ts";
import type { Cause, Diagnosis } from "./diagnosis.ts";
import { diagnoseDataTls } from "./diagnose-tls.ts";
import { found } from "./found.ts";
import type { DialTarget } from "./events.ts";
import { isDialledOnly, serverOf, type ControlSide, type Session } from "./state.ts";
import type { Transfer } from "./transfer-state.ts";

/**
 * What an error is called when we connect to somebody; `detail` holds its name or the words of a data plane. Undefined: not known.
 */
export function dialCause(detail: string): "refused" | "timed-out" | "unreachable" | "not-permitted" | undefined {
  if (/ECONNREFUSED|ECONNRESET|refused/.test(detail)) return "refused";
  if (/ETIMEDOUT|timed out|no answer/.test(detail)) return "timed-out";
  if (/EACCES|EPERM/.test(detail)) return "not-permitted";
  return /EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN/.test(detail) ? "unreachable" : undefined;
}

const isOutOfDescriptors = (detail: string): boolean => /EMFILE|ENFILE/.test(detail);

/** The data plane has refused to open a pinhole. A limit per client is no failure. */
export function diagnoseRefused(
  session: Session,
  reason: OpenRefusal,
  detail: string,
  { plans }: Transfer,
): Diagnosis | undefined {
  if (reason === "too-many-pinholes") return undefined;
  const cause = reason === "plane-unavailable" && isOutOfDescriptors(detail) ? "no-descriptor" : reason;
  const from = plans.client.kind === "listen" ? "client" : "server";
  return found(session, "gateway", cause, { why: detail === "" ? reason : detail, from });
}

/** A data connection that was to be used has ended so. Undefined where that is no failure. */
export function diagnoseTransfer(
  session: Session,
  transfer: Transfer,
  outcome: PinholeOutcome,
  detail = "",
): Diagnosis | undefined {
  const isAborting = session.outstanding.some(({ kind }) => kind === "abort");
  if (transfer.rejected || isAborting || session.phase.name === "ended") return undefined;
  switch (outcome) {
    case "complete":
    case "released":
      return undefined;
    case "client-tls-failed":
    case "server-tls-failed":
    case "tls-truncated":
      return diagnoseDataTls(session, transfer, outcome, detail);
    case "aborted":
      return detail === "" ? undefined : found(session, "gateway", "plane-failed", { why: detail });
    case "expired":
      return diagnoseMissing(session, transfer);
    case "client-unreachable":
    case "server-unreachable":
      return diagnoseDial(session, transfer, outcome === "client-unreachable" ? "client" : "server", detail);
    case "client-reset":
    case "server-reset": {
      const side = outcome === "client-reset" ? "client" : "server";
      const cause = /ETIMEDOUT/.test(detail) ? "stalled" : "reset";
      return legFailed(session, transfer, side, cause, detail === "" ? "reset" : detail);
    }
    case "stalled":
      return transfer.joined ? diagnoseStall(session, transfer, detail) : diagnoseMissing(session, transfer);
  }
}

/** A dialled leg could not be made. */
function diagnoseDial(session: Session, transfer: Transfer, side: Side, detail: string): Diagnosis {
  if (/EADDRNOTAVAIL|EADDRINUSE/.test(detail)) return found(session, "gateway", "address-unavailable", { why: detail });
  if (isOutOfDescriptors(detail)) return found(session, "gateway", "no-descriptor", { why: detail });
  if (transfer.plans[side].kind === "listen") return nobodyCame(session, transfer, side);
  const why = detail === "" ? "no answer" : detail;
  return legFailed(session, transfer, side, dialCause(detail) ?? "unreachable", why);
}

/** `<side>: what is known`: the data plane knows which leg stands still. Else it is the one that sends. */
function diagnoseStall(session: Session, transfer: Transfer, detail: string): Diagnosis {
  const [, named, known] = /^(client|server): (.*)$/.exec(detail) ?? [];
  const sender = transfer.direction === "upload" ? "client" : "server";
  const side = named === "client" || named === "server" ? named : sender;
  const cause = known !== undefined && /full-size/.test(known) ? "big-packets-lost" : "stalled";
  return legFailed(session, transfer, side, cause, known ?? "no byte has come");
}

/**
 * A data connection is given up that was never made: whoever it still waits for has not come, or has not answered. Undefined where
 * nobody was to come yet.
 */
export function diagnoseMissing(session: Session, transfer: Transfer): Diagnosis | undefined {
  const { came, plans, verb, reached } = transfer;
  if (transfer.joined) return undefined;
  const isAbsent = (side: Side) => plans[side].kind === "listen" && came[side] === undefined;
  if (isAbsent("client")) return nobodyCame(session, transfer, "client");
  // Before a transfer command the server has no reason to come.
  if (verb === "") return undefined;
  if (isAbsent("server")) return nobodyCame(session, transfer, "server");
  const dialledLast = isDialledOnly(transfer) && reached ? "client" : "server";
  const side = plans[dialledLast].kind === "dial" ? dialledLast : "client";
  if (plans[side].kind !== "dial") return undefined;
  return legFailed(session, transfer, side, "timed-out", "no answer so far");
}

function nobodyCame(session: Session, transfer: Transfer, side: Side): Diagnosis {
  const control = controlOf(session, side);
  const { peer, advertise } = control;
  const listens = side === "client" ? transfer.clientListens : transfer.serverListens;
  const endpoint = formatEndpoint(announcedEndpoint(session, side, control, listens?.port ?? 0));
  const stranger = transfer.strangers[side];
  if (stranger !== undefined && !isUnspecified(stranger.address)) {
    const cause = isNeighbour(stranger, peer) ? "other-address" : "stranger-came";
    return found(session, `${side}-data-in`, cause, { endpoint, peer: peer.address, from: stranger.address });
  }
  const cause = isPrivateTo(advertise, peer.address) ? "private-address" : "nobody-came";
  const from = listens === undefined ? "" : formatEndpoint(listens);
  return found(session, `${side}-data-in`, cause, { endpoint, peer: peer.address, from });
}

/** The blocks in which the addresses of one peer usually lie. */
function isNeighbour({ address }: Endpoint, peer: Endpoint): boolean {
  return networkContains({ base: peer.address, bits: familyOf(peer.address) === 4 ? 24 : 64 }, address);
}

/** By the leg's direction: `in` where the peer connects to us. */
function legFailed(session: Session, transfer: Transfer, side: Side, cause: Cause, why: string): Diagnosis {
  const plan = transfer.plans[side];
  const peer = controlOf(session, side).peer.address;
  if (plan.kind === "listen") return found(session, `${side}-data-in`, cause, { peer, why });
  return found(session, `${side}-data-out`, cause, {
    ...{ peer, why, endpoint: formatEndpoint(plan.to) },
    note: otherAddressNote(side, plan.to, peer),
  });
}

function otherAddressNote(side: Side, { announced }: DialTarget, peer: string): string {
  if (announced === undefined) return "";
  const kind = isPrivateTo(announced, peer)
    ? "a private address behind a NAT that does not translate it"
    : "not its own";
  return ` It had announced ${announced}, ${kind}.`;
}

function controlOf(session: Session, side: Side): ControlSide {
  return side === "client" ? session.client : serverOf(session);
}
