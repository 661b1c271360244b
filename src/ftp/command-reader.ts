// Command reader: bytes from the client → command lines. Telnet is taken out here and nowhere else (RFC 854, RFC 1123
// 4.1.2.12), because the next parser on the path may read it differently. An LF always ends the line, whatever Telnet
// command it interrupts, so no peer can bring two readers of the same bytes out of step. No time, no socket, no reply texts.
import { readLatin1 } from "./latin1.ts";
import { noQuirks, type Quirk } from "./quirks.ts";

export type CommandEvent =
  | { kind: "line"; text: string; quirks: readonly Quirk[] }
  | { kind: "refused"; reason: "line-too-long" | "nul-byte" | "lone-cr" }
  | { kind: "telnet-answer"; bytes: string };

export type CommandReader = { feed(chunk: Uint8Array): CommandEvent[] };

const lf = 0x0a;
const cr = 0x0d;
const dataMark = 0xf2;
const interrupt = 0xf4;
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

/**
 * Reads command lines of at most `maxBytes` (without terminator) out of any chunking. A refused line is reported once, at the
 * byte that spoils it, and swallowed up to its LF. Nothing is held between lines; within one, at most `maxBytes`.
 */
export function createCommandReader({ maxBytes }: { maxBytes: number }): CommandReader {
  let held = "";
  /** CRs seen but not yet explained: LF makes them a terminator, NUL makes one an escape, anything else is an error. */
  let pendingCrs = 0;
  /** How far into a Telnet command the last byte led; a chunk may end anywhere. */
  let telnet: "none" | "iac" | "option" | "block" | "block-iac" = "none";
  let optionVerb = 0;
  /** Bytes of negotiation in this line: bounds both an endless SB and the answers to a flood of WILL. */
  let negotiationBytes = 0;
  /** The line is refused already; what is left of it is skipped unread, Telnet included. */
  let draining = false;
  let quirks: readonly Quirk[] = noQuirks;
  let events: CommandEvent[] = [];

  function feed(chunk: Uint8Array): CommandEvent[] {
    events = [];
    for (let from = 0; from < chunk.length;) {
      const end = chunk.indexOf(lf, from);
      if (!draining) readPart(readLatin1(chunk, from, end === -1 ? chunk.length : end));
      if (end === -1) break;
      endLine();
      from = end + 1;
    }
    const found = events;
    events = [];
    return found;
  }

  function readPart(text: string): void {
    let at = 0;
    while (at < text.length) {
      if (telnet !== "none") at += readTelnet(text.charCodeAt(at));
      else if (pendingCrs > 0) at += readAfterCr(text.charCodeAt(at));
      else at = readOrdinary(text, at);
      if (draining) return;
    }
  }

  function readOrdinary(text: string, at: number): number {
    if (held === "" && isSynchRemains(text.charCodeAt(at))) {
      note("telnet-command");
      return at + 1;
    }
    special.lastIndex = at;
    const stop = special.test(text) ? special.lastIndex - 1 : text.length;
    append(text.slice(at, stop));
    if (draining || stop === text.length) return stop;
    const byte = text.charCodeAt(stop);
    if (byte === cr) pendingCrs = 1;
    else if (byte === iac) telnet = "iac";
    else refuse("nul-byte");
    return stop + 1;
  }

  /** A Telnet command may come between a CR and its LF: a client that answers ours does not look what it interrupts. */
  function readAfterCr(byte: number): 0 | 1 {
    if (byte === cr) pendingCrs += 1;
    else if (byte === iac) telnet = "iac";
    else if (byte === 0 && pendingCrs === 1) {
      // CR NUL is how Telnet writes a CR inside a path name (RFC 2640 3.1); the server undoes it, not we.
      pendingCrs = 0;
      append("\r\0");
    } else refuse("lone-cr");
    return 1;
  }

  /** Returns 0 where the byte turns out to be no part of a Telnet command and wants reading again as text. */
  function readTelnet(byte: number): 0 | 1 {
    if (telnet === "iac") return readCommand(byte);
    negotiationBytes += 1;
    if (negotiationBytes > maxBytes) refuse("line-too-long");
    else if (telnet === "option") answer(byte);
    else if (telnet === "block") telnet = byte === iac ? "block-iac" : "block";
    else telnet = byte === subnegotiationEnd ? "none" : "block";
    return 1;
  }

  function readCommand(byte: number): 0 | 1 {
    telnet = "none";
    if (byte < subnegotiationEnd) {
      keepIac();
      return 0;
    }
    if (byte === iac) {
      // A byte 0xff of a file name, doubled by the client; the server halves it, so it travels on doubled.
      append("\xff\xff");
      return 1;
    }
    note("telnet-command");
    // NOP, IP, AO, AYT and the like carry nothing: they are dropped and, since FTP replies only to commands, not answered.
    if (byte === subnegotiation) telnet = "block";
    else if (byte >= will) {
      telnet = "option";
      optionVerb = byte;
    }
    return 1;
  }

  function answer(option: number): void {
    telnet = "none";
    // WONT and DONT state what is the case anyway; answering them could loop.
    if (optionVerb === wont || optionVerb === dont) return;
    events.push({ kind: "telnet-answer", bytes: String.fromCharCode(iac, optionVerb === doIt ? wont : dont, option) });
  }

  /** An IAC before no command: what is left of a synch at the start of a line, else a file name that was not doubled. */
  function keepIac(): void {
    if (held === "") {
      note("telnet-command");
      return;
    }
    note("undoubled-iac");
    append("\xff");
  }

  function append(run: string): void {
    if (pendingCrs > 0) refuse("lone-cr");
    else if (held.length + run.length > maxBytes) refuse("line-too-long");
    else held += run;
  }

  function note(quirk: Quirk): void {
    if (!quirks.includes(quirk)) quirks = [...quirks, quirk];
  }

  function refuse(reason: "line-too-long" | "nul-byte" | "lone-cr"): void {
    events.push({ kind: "refused", reason });
    // A client that fills lines without end holds no memory by it.
    held = "";
    draining = true;
  }

  function endLine(): void {
    if (telnet === "iac") keepIac();
    if (!draining) {
      if (pendingCrs === 0) note("bare-lf");
      if (pendingCrs > 1) note("cr-cr-lf");
      events.push({ kind: "line", text: held, quirks });
    }
    held = "";
    pendingCrs = 0;
    telnet = "none";
    negotiationBytes = 0;
    draining = false;
    quirks = noQuirks;
  }

  return { feed };
}

/**
 * ABOR is announced by IAC IP IAC DM with one byte urgent. Without SO_OOBINLINE the kernel takes that byte out of the
 * stream, which leaves DM without its IAC, or an IAC before the A (nodejs/node#8282).
 */
function isSynchRemains(byte: number): boolean {
  return byte === dataMark || byte === interrupt;
}
