// Command reader: bytes from the client → command lines. Telnet is taken out here and nowhere else (RFC 854, RFC 1123
// 4.1.2.12), because the next parser on the path may read it differently. An LF always ends the line, whatever Telnet
// command it interrupts, so no peer can bring two readers of the same bytes out of step. No time, no socket, no reply texts.
import { beginsLikeAnotherProtocol } from "./command.ts";
import { readLatin1 } from "./latin1.ts";
import { noQuirks, type Quirk } from "./quirks.ts";

/** Why a line is not looked at. `not-ftp`: it is refused for one of the other reasons, and begins like another protocol. */
export type UnreadableLine = "line-too-long" | "nul-byte" | "lone-cr" | "not-ftp";

export type CommandEvent =
  | { kind: "line"; text: string; quirks: readonly Quirk[] }
  | { kind: "refused"; reason: UnreadableLine }
  | { kind: "telnet-answer"; bytes: string };

export type CommandReader = { feed(chunk: Uint8Array): CommandEvent[] };

const lf = 0x0a;
const cr = 0x0d;
const subnegotiationEnd = 0xf0;
const subnegotiation = 0xfa;
const will = 0xfb;
const wont = 0xfc;
const doIt = 0xfd;
const dont = 0xfe;
const iac = 0xff;

/** Any byte that ends a run of ordinary ones; LF is found before. */
const special = /[\0\r\xff]/g;
/** One line with nothing in it to explain; what a synch may have left stands at its start alone. */
const ordinary = /^(?:[^\0\r\n\xf2\xf4\xff][^\0\r\n\xff]*)?\r\n$/;

/**
 * What a reader that holds nothing would make of this input (latin1) if it is one ordinary line: the line; else undefined.
 * Nearly every command comes so, and then no reader is needed.
 */
export function ordinaryCommand(input: string, maxBytes: number): string | undefined {
  return input.length - 2 <= maxBytes && ordinary.test(input) ? input.slice(0, -2) : undefined;
}

/** So much of a refused line shows whose it is; no more, so that it does not depend on the chunks. */
const beginningBytes = 64;

/** Between chunks: nothing is added to it. */
const nothing: CommandEvent[] = [];

/** A line that is being read, and what has been found in the present chunk. */
type Reading = {
  readonly maxBytes: number;
  held: string;
  /** CRs seen but not yet explained: LF makes them a terminator, NUL makes one an escape, anything else is an error. */
  pendingCrs: number;
  /** How far into a Telnet command the last byte led; a chunk may end anywhere. */
  telnet: "none" | "iac" | "option" | "block" | "block-iac";
  optionVerb: number;
  /** Bytes of negotiation in this line: bounds both an endless SB and the answers to a flood of WILL. */
  negotiationBytes: number;
  /** The line is refused already; what is left of it is skipped unread, Telnet included. */
  isDraining: boolean;
  quirks: readonly Quirk[];
  events: CommandEvent[];
};

/**
 * Reads command lines of at most `maxBytes` (without terminator) out of any chunking. A refused line is reported once, at the
 * byte that spoils it, and swallowed up to its LF. Nothing is held between lines; within one, at most `maxBytes`.
 */
export function createCommandReader({ maxBytes }: { maxBytes: number }): CommandReader {
  const reading: Reading = {
    maxBytes,
    held: "",
    pendingCrs: 0,
    telnet: "none",
    optionVerb: 0,
    negotiationBytes: 0,
    isDraining: false,
    quirks: noQuirks,
    events: nothing,
  };
  return { feed: (chunk) => feed(reading, chunk) };
}

function feed(reading: Reading, chunk: Uint8Array): CommandEvent[] {
  const events: CommandEvent[] = [];
  reading.events = events;
  for (let from = 0; from < chunk.length;) {
    const end = chunk.indexOf(lf, from);
    if (!reading.isDraining) readPart(reading, readLatin1(chunk, from, end === -1 ? chunk.length : end));
    if (end === -1) break;
    endLine(reading);
    from = end + 1;
  }
  reading.events = nothing;
  return events;
}

function readPart(reading: Reading, text: string): void {
  let at = 0;
  while (at < text.length) {
    const passed = reading.telnet === "none" ? endOfRun(emptyCommands, text, at) : at;
    if (passed > at) note(reading, "telnet-command");
    at = passed;
    if (at === text.length) return;
    if (reading.telnet !== "none") at += readTelnet(reading, text.charCodeAt(at));
    else if (reading.pendingCrs > 0) at += readAfterCr(reading, text.charCodeAt(at));
    else at = readOrdinary(reading, text, at);
    if (reading.isDraining) return;
  }
}

/** A client may send these for ever, a keepalive without an end to its line: a whole run of them is no more work than one. */
const emptyCommands = /(?:\xff[\xf0-\xf9])+/y;

/** Where the run that begins here ends; `at`, if there is none. */
function endOfRun(run: RegExp, text: string, at: number): number {
  run.lastIndex = at;
  return run.test(text) ? run.lastIndex : at;
}

function readOrdinary(reading: Reading, text: string, at: number): number {
  const passed = reading.held === "" ? endOfRun(synchRemains, text, at) : at;
  if (passed > at) {
    note(reading, "telnet-command");
    return passed;
  }
  special.lastIndex = at;
  const stop = special.test(text) ? special.lastIndex - 1 : text.length;
  append(reading, text.slice(at, stop));
  if (reading.isDraining || stop === text.length) return stop;
  const byte = text.charCodeAt(stop);
  if (byte === cr) reading.pendingCrs = 1;
  else if (byte === iac) reading.telnet = "iac";
  else refuse(reading, "nul-byte");
  return stop + 1;
}

/** A Telnet command may come between a CR and its LF: a client that answers ours does not look what it interrupts. */
function readAfterCr(reading: Reading, byte: number): 0 | 1 {
  if (byte === cr) reading.pendingCrs += 1;
  else if (byte === iac) reading.telnet = "iac";
  else if (byte === 0 && reading.pendingCrs === 1) {
    // CR NUL is how Telnet writes a CR inside a path name (RFC 2640 3.1); the server undoes it, not we.
    reading.pendingCrs = 0;
    append(reading, "\r\0");
  } else refuse(reading, "lone-cr");
  return 1;
}

/** Returns 0 where the byte turns out to be no part of a Telnet command and wants reading again as text. */
function readTelnet(reading: Reading, byte: number): 0 | 1 {
  if (reading.telnet === "iac") return readCommand(reading, byte);
  reading.negotiationBytes += 1;
  if (reading.negotiationBytes > reading.maxBytes) refuse(reading, "line-too-long");
  else if (reading.telnet === "option") answer(reading, byte);
  else if (reading.telnet === "block") reading.telnet = byte === iac ? "block-iac" : "block";
  else reading.telnet = byte === subnegotiationEnd ? "none" : "block";
  return 1;
}

function readCommand(reading: Reading, byte: number): 0 | 1 {
  reading.telnet = "none";
  if (byte < subnegotiationEnd) {
    keepIac(reading);
    return 0;
  }
  if (byte === iac) {
    // A byte 0xff of a file name, doubled by the client; the server halves it, so it travels on doubled.
    append(reading, "\xff\xff");
    return 1;
  }
  note(reading, "telnet-command");
  // NOP, IP, AO, AYT and the like carry nothing: they are dropped, by the run, and, since FTP replies only to commands, not answered.
  if (byte === subnegotiation) reading.telnet = "block";
  else if (byte >= will) {
    reading.telnet = "option";
    reading.optionVerb = byte;
  }
  return 1;
}

function answer(reading: Reading, option: number): void {
  const { optionVerb, events } = reading;
  reading.telnet = "none";
  // WONT and DONT state what is the case anyway; answering them could loop.
  if (optionVerb === wont || optionVerb === dont) return;
  events.push({ kind: "telnet-answer", bytes: String.fromCharCode(iac, optionVerb === doIt ? wont : dont, option) });
}

/** An IAC before no command: what is left of a synch at the start of a line, else a file name that was not doubled. */
function keepIac(reading: Reading): void {
  if (reading.held === "") return note(reading, "telnet-command");
  note(reading, "undoubled-iac");
  append(reading, "\xff");
}

function append(reading: Reading, run: string): void {
  if (reading.pendingCrs > 0) refuse(reading, "lone-cr");
  else if (reading.held.length + run.length > reading.maxBytes) refuse(reading, "line-too-long", run);
  else reading.held += run;
}

function note(reading: Reading, quirk: Quirk): void {
  if (!reading.quirks.includes(quirk)) reading.quirks = [...reading.quirks, quirk];
}

function refuse(reading: Reading, reason: UnreadableLine, unread = ""): void {
  const isForeign = beginsLikeAnotherProtocol(
    (reading.held + unread).slice(0, Math.min(beginningBytes, reading.maxBytes)),
  );
  reading.events.push({ kind: "refused", reason: isForeign ? "not-ftp" : reason });
  // A client that fills lines without end holds no memory by it.
  reading.held = "";
  reading.isDraining = true;
}

function endLine(reading: Reading): void {
  if (reading.telnet === "iac") keepIac(reading);
  if (!reading.isDraining) {
    if (reading.pendingCrs === 0) note(reading, "bare-lf");
    if (reading.pendingCrs > 1) note(reading, "cr-cr-lf");
    reading.events.push({ kind: "line", text: reading.held, quirks: reading.quirks });
  }
  reading.held = "";
  reading.pendingCrs = 0;
  reading.telnet = "none";
  reading.negotiationBytes = 0;
  reading.isDraining = false;
  reading.quirks = noQuirks;
}

/**
 * ABOR is announced by IAC IP IAC DM with one byte urgent. Without SO_OOBINLINE the kernel takes that byte out of the
 * stream, which leaves DM or IP without its IAC, or an IAC before the A (nodejs/node#8282).
 */
const synchRemains = /[\xf2\xf4]+/y;
