// Reply: one line at a time. A multi-line reply is passed on as it comes and never collected (RFC 959 4.2).
import { trimBlanks } from "./latin1.ts";
import { noQuirks, type Quirk } from "./quirks.ts";

/**
 * `code` is 0 where the line has none of its own: in the middle of a reply, and for stray text outside of one.
 * `text` follows code and separator; it is the whole line for "middle" and "stray".
 */
export type ReplyLine = {
  position: "only" | "first" | "middle" | "last" | "stray";
  code: number;
  text: string;
  quirks: readonly Quirk[];
};

/**
 * A code that exists (100-699; 6yz are the protected replies of RFC 2228) and is not the start of a longer number. The codes
 * of announcements count there too: ftplib, Net::FTP, net/ftp and lftp read `2271 (10,0,0,5,200,1)` as a 227.
 */
const coded = /^(22[789]|[1-6]\d\d(?!\d))/;

/**
 * Reads one line without its terminator; `open` is the code of the multi-line reply in progress, if there is one.
 * `230 Logged in.` is "only"; `211-Features:` is "first"; after it `211 End` alone, or a bare `211`, is "last".
 */
export function readReplyLine(open: number | undefined, line: string): ReplyLine {
  return open === undefined ? readOutside(line) : readInside(open, line);
}

function readOutside(line: string): ReplyLine {
  const match = coded.exec(line);
  if (!match) {
    const quirk: Quirk = trimBlanks(line) === "" ? "blank-reply-line" : "stray-reply-line";
    return { position: "stray", code: 0, text: line, quirks: [quirk] };
  }
  const code = Number(match[1]);
  const separator = line.charAt(3);
  if (separator === "-") return { position: "first", code, text: line.slice(4), quirks: noQuirks };
  if (separator === " ") return { position: "only", code, text: line.slice(4), quirks: noQuirks };
  // `226` without a space, `220:hello`, `220hello`: clients take the first three digits, so waiting for more would hang.
  if (separator === "") return { position: "only", code, text: "", quirks: ["bare-reply-code"] };
  return { position: "only", code, text: line.slice(separator === "\t" ? 4 : 3), quirks: ["odd-separator"] };
}

function readInside(open: number, line: string): ReplyLine {
  const code = String(open);
  if (line.startsWith(`${code} `)) return { position: "last", code: open, text: line.slice(4), quirks: noQuirks };
  // A server that ends its reply so leaves everybody waiting otherwise (proftpd mod_proxy#328).
  if (line === code) return { position: "last", code: open, text: "", quirks: ["bare-reply-code"] };
  return { position: "middle", code: 0, text: line, quirks: middleQuirks(line) };
}

function middleQuirks(line: string): readonly Quirk[] {
  // Anti-virus proxies put empty lines into replies, and listings inside STAT begin with anything.
  if (line === "") return ["blank-reply-line"];
  return /^[1-6]\d\d /.test(line) ? ["other-code-in-reply"] : noQuirks;
}

/**
 * A line of the server's as it may reach the client: without the digits of an announcement behind a CR in its middle. Clients
 * for which a CR ends a line (Java's `readLine`) would take it for a 227, 228 or 229 of its own.
 */
export function withoutHiddenAnnouncement(raw: string): string {
  return raw.replace(/(?<=\r[ \t\0]*22[789])[^\r\n]*/g, withoutDigits);
}

/** Each digit becomes an x. */
export function withoutDigits(text: string): string {
  return text.replace(/\d/g, "x");
}

/**
 * A whole reply with CRLF. Each line of `text` becomes one line of the reply, in the form that no reader can end early:
 * `211-first`, ` middle`, `211 last`. Control characters become `?`, so that quoted bytes of a peer cannot forge a line.
 */
export function formatReply(code: number, text: string): string {
  const lines = text.split(/\r?\n/).map(withoutControls);
  const last = lines.pop() ?? "";
  const before = lines.map((line, index) => (index === 0 ? `${code}-${line}\r\n` : ` ${line}\r\n`));
  return `${before.join("")}${code} ${last}\r\n`;
}

function withoutControls(text: string): string {
  // Bytes from 0x80 to 0x9f are control characters of latin1, and parts of letters in UTF-8.
  return text.replace(/(?![\u0080-\u009f])\p{Cc}/gu, "?");
}

/** 1yz: another reply to the same command follows. */
export function isPreliminary(code: number): boolean {
  return code >= 100 && code < 200;
}

/** 2yz: the command is done. */
export function isPositive(code: number): boolean {
  return code >= 200 && code < 300;
}

/** 4yz and 5yz: refused for now, or for good. */
export function isNegative(code: number): boolean {
  return code >= 400 && code < 600;
}
