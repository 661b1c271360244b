// Standing port: one PORT or EPRT serves several transfer commands, where the server lets it (RFC 959 3.3; ProFTPD does, vsftpd
// does not). What was announced to the server is opened again, before the next transfer command without one of its own is
// sent on. Whether the server uses it is for the server to say.
import type { PinholeEvent } from "../dataplane/pinhole.ts";
import { isNamedAddress } from "./announced-address.ts";
import { obstacleTo } from "./dialling.ts";
import { clientLeg, serverLeg } from "./leg-plans.ts";
import { forgetTransfer } from "./negotiation.ts";
import { isLoginNeeded } from "./policy.ts";
import { newTransfer, type Negotiation, type StandingPort } from "./transfer-state.ts";
import { findTransfer, isUnansweredTransfer, serverOf, type Session } from "./state.ts";
import { transferCommand } from "./transfers.ts";
import { emit, updateTransfer, type Work } from "./work.ts";

/** A transfer command. It waits for the data plane where a standing port can be opened for it. */
export function transferOnStandingPort(work: Work, verb: string, line: string): void {
  const { session } = work;
  const { standing, pending } = session;
  if (pending === undefined && standing !== undefined && isUsable(session, standing)) {
    reopen(work, standing, { verb, line });
  } else transferCommand(work, verb, line);
}

/**
 * The data connection that holds the port still, though its transfer is over for the client: it is about to end, and then the
 * port can be opened again.
 */
export function busyStandingPort(session: Session): number | undefined {
  const { standing, pending, outstanding } = session;
  if (standing === undefined || pending !== undefined || !isInUse(session, standing)) return undefined;
  const { id } = standing;
  return outstanding.some((entry) => isUnansweredTransfer(entry) && entry.id === id) ? undefined : id;
}

function isInUse(session: Session, { id }: StandingPort): boolean {
  const transfer = findTransfer(session, id);
  return transfer !== undefined && transfer.closed === undefined;
}

/** The client's endpoint is judged anew: what belongs to this process may have changed. */
function isUsable(session: Session, standing: StandingPort): boolean {
  const { client, policy, options } = session;
  const { clientMode, clientEndpoint } = standing;
  if (isInUse(session, standing) || isLoginNeeded(session, clientMode)) return false;
  const isNamed = isNamedAddress(policy.foreignAddress, clientEndpoint.address, client.peer.address);
  return obstacleTo(clientEndpoint, options.own, isNamed) === undefined;
}

function reopen(work: Work, standing: StandingPort, command: NonNullable<Negotiation["command"]>): void {
  const { session } = work;
  const { clientMode, serverMode, clientEndpoint, serverPort } = standing;
  const id = session.nextId;
  session.nextId += 1;
  session.standing = { ...standing, id };
  session.negotiation = {
    ...{ id, clientMode, clientEndpoint, clientLine: command.line, command },
    ...{ verbatim: false, current: serverMode, remaining: [], tried: [], stage: "opening" },
  };
  const server = serverLeg(session, { kind: "listen", peer: serverOf(session).peer.address, port: serverPort });
  const plans = { client: clientLeg(session, clientEndpoint), server };
  session.transfers = [...session.transfers, { ...newTransfer, id, clientMode, serverMode, plans }];
  emit(work, { kind: "open", id, ...plans });
}

/** The data plane's answer. Where the port can't be had, the command goes on all the same, and the server answers it. */
export function standingPortAnswered(
  work: Work,
  id: number,
  { verb, line }: NonNullable<Negotiation["command"]>,
  event: PinholeEvent,
): void {
  const { session } = work;
  session.negotiation = undefined;
  if (event.kind === "opened") {
    updateTransfer(work, id, { plane: event.plane, serverListens: event.server });
    session.pending = id;
  } else forgetTransfer(work, id);
  transferCommand(work, verb, line);
}
