// The client's lines: what is refused here, what is negotiated, what is forwarded as typed.
import { looksLikeAnotherProtocol, parseCommand, type Command } from "../ftp/command.ts";
import { parseEprt, parseEpsv } from "../ftp/extended.ts";
import { parsePort, type EndpointReading } from "../ftp/host-port.ts";
import { noQuirks, type Quirk } from "../ftp/quirks.ts";
import { familyOf, type Endpoint } from "../net/endpoint.ts";
import type { ClientEvent } from "./events.ts";
import { chooseServer, laterUser } from "./login.ts";
import type { Mode } from "./mode.ts";
import { startNegotiation, trustedAddress } from "./negotiation.ts";
import { refusalOf } from "./policy.ts";
import { clientFamily, isDataMoving } from "./state.ts";
import { isTransferVerb, transferCommand } from "./transfers.ts";
import { answer, emit, end, record, recordQuirks, refuse, sendToServer, type Work } from "./work.ts";

export function clientSaid(work: Work, event: Exclude<ClientEvent, { kind: "client-end" }>): void {
  const { session } = work;
  const isFirst = !session.spoken;
  session.spoken = true;
  if (!isDataMoving(session)) emit(work, { kind: "timer", timer: "idle", ms: session.options.timeouts.idleMs });
  if (event.kind === "client-refused") {
    // A first line with NUL bytes is a TLS ClientHello or a scanner's probe, not a command.
    if (isFirst && event.reason === "nul-byte") speaksAnotherProtocol(work);
    else refuse(work, event.reason, 500, refusedLines[event.reason]);
  } else if (isFirst && looksLikeAnotherProtocol(event.text)) {
    speaksAnotherProtocol(work);
  } else {
    recordQuirks(work, event.quirks);
    clientLine(work, event.text);
  }
}

const refusedLines = {
  "line-too-long": "Line too long.",
  "nul-byte": "A command must not hold NUL.",
  "lone-cr": "A command must not hold a bare CR.",
};

/** A browser made to speak to us, a TLS client: no dialogue, because each answer would feed the attack (D3.62). */
function speaksAnotherProtocol(work: Work): void {
  record(work, { kind: "refusal", reason: "not-ftp", detail: "the first line is not FTP" });
  end(work, "not-ftp", "the first line is not FTP", "This is an FTP gateway.");
}

function clientLine(work: Work, text: string): void {
  const { session } = work;
  const command = parseCommand(text);
  if (command === undefined) {
    refuse(work, "blank-line", 500, "Empty command.");
    return;
  }
  recordQuirks(work, command.quirks);
  record(work, { kind: "command", verb: command.verb });
  const refusal = refusalOf(session, command);
  if (refusal !== undefined) refuse(work, refusal.reason, refusal.code, refusal.text);
  else if (session.phase === "choosing") chooseServer(work, command);
  else dispatch(work, command);
}

function dispatch(work: Work, command: Command): void {
  const { verb, argument, line } = command;
  switch (verb) {
    case "PORT":
      activeCommand(work, verb, line, parsePort(argument), noQuirks);
      break;
    case "EPRT":
      eprtCommand(work, line, argument);
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
      // An argument is no business of QUIT's (D3.45).
      sendToServer(work, line.slice(0, 4), { kind: "quit", verb });
      break;
    case "ABOR":
      sendToServer(work, line, { kind: "abort", verb, optional: false });
      break;
    case "REIN":
      sendToServer(work, line, { kind: "rein", verb });
      break;
    case "FEAT":
      sendToServer(work, line, { kind: "feat", verb });
      break;
    case "ALGS":
      algsCommand(work, argument);
      break;
    default:
      if (isTransferVerb(verb)) transferCommand(work, verb, line);
      else sendToServer(work, line, { kind: "plain", verb });
  }
}

function userCommand(work: Work, { argument, line, verb }: Command): void {
  const { session } = work;
  const user = laterUser(session, argument);
  if (user === undefined) {
    refuse(work, "other-server", 503, "Already connected to another server; QUIT first.");
    return;
  }
  session.user = user;
  sendToServer(work, user === argument ? line : `USER ${user}`, { kind: "login", verb });
}

function eprtCommand(work: Work, line: string, argument: string): void {
  const reading = parseEprt(argument);
  if (reading.ok || reading.reason !== "unsupported-family") {
    activeCommand(work, "EPRT", line, reading, noQuirks);
    return;
  }
  refuseFamily(work);
}

/** RFC 2428: 522 lists what can be used, which is the family of the control connection. */
function refuseFamily(work: Work): void {
  const number = clientFamily(work.session) === 4 ? 1 : 2;
  refuse(work, "unsupported-family", 522, `Network protocol not supported, use (${number})`);
}

type ActiveReading = EndpointReading | Exclude<ReturnType<typeof parseEprt>, { reason: "unsupported-family" }>;

function activeCommand(
  work: Work,
  mode: "PORT" | "EPRT",
  line: string,
  reading: ActiveReading,
  quirks: readonly Quirk[],
): void {
  const { session } = work;
  recordQuirks(work, quirks);
  if (!reading.ok) {
    if (reading.reason === "port-zero") refuse(work, "port-zero", 501, `${mode} refused: port 0.`);
    else refuse(work, "malformed-endpoint", 501, `${mode} refused: malformed argument.`);
    return;
  }
  recordQuirks(work, reading.quirks);
  const endpoint = judgeEndpoint(work, mode, reading.endpoint);
  if (endpoint !== undefined) startNegotiation(work, mode, line, endpoint);
  else if (session.phase === "ended") return;
}

/** Where to dial the client, or undefined when it was refused (RFC 2577: low ports, third hosts). */
function judgeEndpoint(work: Work, mode: Mode, announced: Endpoint): Endpoint | undefined {
  const { client, options } = work.session;
  if (familyOf(announced.address) !== clientFamily(work.session)) {
    refuseFamily(work);
    return undefined;
  }
  if (announced.port < options.policy.minDataPort) {
    refuse(work, "low-port", 504, `${mode} refused: ports below ${options.policy.minDataPort} are not allowed.`);
    return undefined;
  }
  const address = trustedAddress(work, announced.address, client.peer.address);
  if (address === undefined) {
    refuse(work, "foreign-address", 504, `${mode} refused: ${announced.address} is not your address.`);
    return undefined;
  }
  return { address, port: announced.port };
}

function pasvCommand(work: Work, { argument, line }: Command): void {
  if (clientFamily(work.session) === 6) {
    refuse(work, "unsupported-family", 522, "Network protocol not supported, use EPSV (2)");
    return;
  }
  if (argument.trim() !== "") record(work, { kind: "quirk", quirk: "argument-after-pasv" });
  startNegotiation(work, "PASV", line.slice(0, 4));
}

function epsvCommand(work: Work, { argument, line }: Command): void {
  const { session } = work;
  const reading = parseEpsv(argument);
  switch (reading.kind) {
    case "all":
      epsvAllCommand(work, line);
      break;
    case "malformed":
      refuse(work, "malformed-endpoint", 501, "EPSV refused: malformed argument.");
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

/** RFC 2428 4: the server decides where it is asked in the client's words; elsewhere EPSV always works through us. */
function epsvAllCommand(work: Work, line: string): void {
  const { session } = work;
  const sameFamily = session.server !== undefined && familyOf(session.server.local.address) === clientFamily(session);
  if (session.options.serverMode === "same" && sameFamily) {
    sendToServer(work, line, { kind: "epsv-all", verb: "EPSV" });
    return;
  }
  session.epsvAll = true;
  answer(work, 200, "EPSV ALL command successful.");
}

/** RFC 6384 11: what the translator does for a client; EPSV is translated whenever the server side needs it. */
function algsCommand(work: Work, argument: string): void {
  const wanted = argument.trim().toUpperCase();
  if (wanted === "STATUS64" || wanted === "ENABLE64") answer(work, 216, "EPSV");
  else if (wanted === "DISABLE64") answer(work, 216, "NONE");
  else answer(work, 504, "ALGS knows STATUS64, ENABLE64 and DISABLE64.");
}
