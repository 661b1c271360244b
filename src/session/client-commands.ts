// Client commands: what is refused here, what is negotiated, what is forwarded as typed.
import {
  isKnownCommand,
  looksLikeAnotherProtocol,
  metricVerb,
  parseCommand,
  transferDirection,
  type Command,
} from "../ftp/command.ts";
import { parseEprt, parseEpsv, type EprtReading } from "../ftp/extended.ts";
import { parsePort, type EndpointReading } from "../ftp/host-port.ts";
import { familyOf, type Endpoint } from "../net/endpoint.ts";
import { dialTarget, isNamedAddress, trustedAddress } from "./announced-address.ts";
import { obstacleTo } from "./dialling.ts";
import type { ClientEvent, clientRefusals } from "./events.ts";
import { laterUser } from "./login.ts";
import type { Mode } from "./mode.ts";
import { startNegotiation } from "./negotiation.ts";
import { isPassedThrough, passedAuth, saidTooEarly } from "./passthrough.ts";
import { sendUser } from "./policies.ts";
import { refusalOf } from "./policy.ts";
import { refusal } from "./refusals.ts";
import { securityCommand } from "./client-security.ts";
import { clientFamily, isDataMoving, isVerbatim } from "./state.ts";
import { transferOnStandingPort } from "./standing-port.ts";
import { abortCommand } from "./transfers.ts";
import { withoutServer } from "./without-server.ts";
import { answer, emit, end, record, recordQuirk, recordQuirks, refuse, sendToServer, type Work } from "./work.ts";

type ClientWords = Exclude<ClientEvent, { kind: "client-end" }>;

export function clientSaid(work: Work, event: ClientWords): void {
  const { session } = work;
  const command = event.kind === "client-line" ? parseCommand(event.text) : undefined;
  if (event.kind === "client-line") recordQuirks(work, event.quirks);
  if (event.kind === "client-line" && command === undefined && session.blankLines < maxBlankLines) {
    session.blankLines += 1;
    recordQuirk(work, "blank-command-line");
    return;
  }
  if (!isDataMoving(session)) emit(work, { kind: "timer", timer: "idle", ms: session.options.timeouts.idleMs });
  if (command === undefined) {
    badLine(work, event.kind === "client-refused" ? event.reason : "blank-line");
    return;
  }
  session.blankLines = 0;
  session.badLines = 0;
  clientCommand(work, command);
}

/** A line that holds no command. Many of them in a row are no session. */
function badLine(work: Work, reason: (typeof clientRefusals)[number] | "blank-line"): void {
  const { session } = work;
  session.badLines += 1;
  if (session.badLines < session.clientOptions.badLines) {
    refuse(work, refusal(reason));
    return;
  }
  const detail = `${session.badLines} in a row, the last: ${reason}`;
  record(work, { kind: "refusal", reason: "too-many-bad-lines", detail });
  end(work, "too-many-bad-lines", detail, refusal("too-many-bad-lines").text);
}

/** In a row. Terminal programs and NAT devices send single ones, which are no commands and have no reply. */
const maxBlankLines = 16;

/**
 * Looks at what the client says when it comes, before the server may be there and whatever waits before it. A browser made
 * to speak to us, a TLS client: there is no dialogue, because each answer would feed the attack (D3.62).
 */
export function clientHeard(work: Work, event: ClientWords): void {
  const { session } = work;
  const isFirst = session.clientState === "silent";
  if (isFirst) session.clientState = "speaking";
  if (isForeign(event) || (isFirst && !isFirstCommand(event))) {
    if (session.passthrough === "asked") {
      saidTooEarly(work, "the client has said more in clear");
      return;
    }
    const detail = isFirst ? "the first line is not FTP" : "a line is not FTP";
    record(work, { kind: "refusal", reason: "not-ftp", detail });
    end(work, "not-ftp", detail, refusal("not-ftp").text);
  } else if (isFirst && session.phase.name !== "choosing" && session.phase.name !== "relaying") {
    recordQuirk(work, "command-before-greeting");
  }
}

function isForeign(event: ClientWords): boolean {
  return event.kind === "client-refused" ? event.reason === "not-ftp" : looksLikeAnotherProtocol(event.text);
}

/** Nobody who speaks FTP begins with a blank line, one too long, or a NUL. */
function isFirstCommand(event: ClientWords): boolean {
  return event.kind === "client-line" && isKnownCommand(event.text);
}

function clientCommand(work: Work, command: Command): void {
  const { session } = work;
  recordQuirks(work, command.quirks);
  record(work, { kind: "command", verb: metricVerb(command.verb) });
  const refused = refusalOf(session, command);
  if (refused !== undefined) refuse(work, refused);
  else if (session.phase.name === "choosing") withoutServer(work, command);
  else dispatch(work, command);
}

function dispatch(work: Work, command: Command): void {
  const { session } = work;
  const { verb, argument, line } = command;
  switch (verb) {
    case "PORT":
      activeCommand(work, verb, line, parsePort(argument));
      break;
    case "EPRT":
      activeCommand(work, verb, line, parseEprt(argument));
      break;
    case "PASV":
      pasvCommand(work, command);
      break;
    case "EPSV":
      epsvCommand(work, command);
      break;
    case "USER":
      userCommand(work, command);
      break;
    case "PASS":
    case "ACCT":
      sendToServer(work, line, { kind: "login", verb });
      break;
    case "QUIT":
      if (argument.trim() !== "") recordQuirk(work, "argument-after-quit");
      sendToServer(work, line.slice(0, verb.length), { kind: "quit", verb });
      break;
    case "ABOR":
      abortCommand(work, verb, line);
      break;
    case "REIN":
      sendToServer(work, line, { kind: "rein", verb });
      break;
    case "FEAT":
      sendToServer(work, line, { kind: "feat", verb });
      break;
    case "AUTH":
    case "PBSZ":
    case "PROT":
    case "CCC":
      if (!isPassedThrough(session)) securityCommand(work, command);
      else if (verb === "AUTH") passedAuth(work, command);
      else sendToServer(work, line, { kind: "plain", verb });
      break;
    case "ALGS":
      algsCommand(work, command);
      break;
    default:
      if (transferDirection(verb) !== undefined) transferOnStandingPort(work, verb, line);
      else sendToServer(work, line, { kind: "plain", verb });
  }
}

function userCommand(work: Work, { argument, line }: Command): void {
  const { session } = work;
  const user = laterUser(session, argument);
  if (user === undefined) {
    refuse(work, refusal("other-server"));
    return;
  }
  sendUser(work, user, user === argument ? line : `USER ${user}`);
}

/** What can be used is the family of the control connection. */
function refuseFamily(work: Work): void {
  refuse(work, refusal("unsupported-family", clientFamily(work.session) === 4 ? 1 : 2));
}

function activeCommand(work: Work, mode: "PORT" | "EPRT", line: string, reading: EndpointReading | EprtReading): void {
  if (reading.ok) {
    recordQuirks(work, reading.quirks);
    announced(work, mode, line, reading.endpoint);
  } else if (reading.reason === "unsupported-family") {
    refuseFamily(work);
  } else if (reading.reason === "port-zero") {
    refuse(work, refusal("port-zero", mode));
  } else {
    refuse(work, refusal("malformed-endpoint", mode));
  }
}

/** The client listens, or so it says: low ports and third hosts are how a bounce attack looks (RFC 2577). */
function announced(work: Work, mode: Mode, line: string, { address, port }: Endpoint): void {
  const { client, policy, options } = work.session;
  const { minDataPort, foreignAddress } = policy;
  if (familyOf(address) !== clientFamily(work.session)) {
    refuseFamily(work);
    return;
  }
  if (port < minDataPort) {
    refuse(work, refusal("low-port", mode, minDataPort));
    return;
  }
  const trust = trustedAddress(foreignAddress, address, client.peer.address);
  if (!trust.ok) {
    refuse(work, refusal("foreign-address", mode, address));
    return;
  }
  const endpoint = dialTarget(trust.address, { address, port });
  const isNamed = isNamedAddress(foreignAddress, trust.address, client.peer.address);
  const obstacle = obstacleTo(endpoint, options.own, isNamed);
  if (obstacle !== undefined) {
    refuse(
      work,
      obstacle === "own-listener" ? refusal("own-endpoint", mode) : refusal("foreign-address", mode, address),
    );
    return;
  }
  recordQuirks(work, trust.quirks);
  startNegotiation(work, mode, line, endpoint);
}

function pasvCommand(work: Work, { argument, line, verb }: Command): void {
  if (clientFamily(work.session) === 6) {
    refuse(work, refusal("unsupported-family:pasv"));
    return;
  }
  if (argument.trim() !== "") recordQuirk(work, "argument-after-pasv");
  startNegotiation(work, "PASV", line.slice(0, verb.length));
}

function epsvCommand(work: Work, { argument, line }: Command): void {
  const { session } = work;
  const reading = parseEpsv(argument);
  switch (reading.kind) {
    case "all":
      epsvAllCommand(work, line);
      break;
    case "malformed":
      refuse(work, refusal("malformed-endpoint", "EPSV"));
      break;
    case "unsupported-family":
      refuseFamily(work);
      break;
    case "family":
      if (reading.family === clientFamily(session)) startNegotiation(work, "EPSV", line);
      else refuseFamily(work);
      break;
    case "any":
      startNegotiation(work, "EPSV", line);
      break;
  }
}

/** RFC 2428 4: the server decides where it is asked in the client's words; elsewhere EPSV always works through us. Both keep it. */
function epsvAllCommand(work: Work, line: string): void {
  if (isVerbatim(work.session)) {
    sendToServer(work, line, { kind: "epsv-all", verb: "EPSV" });
    return;
  }
  work.session.epsvAll = true;
  answer(work, 200, "EPSV ALL command successful.");
}

/** RFC 6384 11: what is translated, and whether it is wanted. Where nothing is, a translator behind us may be meant. */
function algsCommand(work: Work, { argument, line, verb }: Command): void {
  const { session } = work;
  const wanted = argument.trim().toUpperCase();
  if (isVerbatim(session)) {
    sendToServer(work, line, { kind: "plain", verb });
    return;
  }
  if (!["STATUS64", "ENABLE64", "DISABLE64"].includes(wanted)) {
    answer(work, 504, "ALGS knows STATUS64, ENABLE64 and DISABLE64.");
    return;
  }
  if (wanted !== "STATUS64") session.algsDisabled = wanted === "DISABLE64";
  answer(work, 216, session.algsDisabled ? "NONE" : "EPSV EPRT");
}
