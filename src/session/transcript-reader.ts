// Transcript reader: margin lines become events again, so that a trace copied out of production is a test by paste. The
// inverse of formatEvent in transcript.ts, but for masked secrets; scripts may leave out what a context supplies.
import { quirks, type Quirk } from "../ftp/quirks.ts";
import { tlsCauses, tlsVersions, type Secured } from "../net/tls.ts";
import { parseEndpoint, parsePortNumber, type Endpoint } from "../net/endpoint.ts";
import {
  openRefusals,
  pinholeOutcomes,
  planeNames,
  sides,
  type PinholeEvent,
  type PlaneName,
} from "../dataplane/pinhole.ts";
import { clientRefusals, serverRefusals, timerNames, type SessionEvent } from "./events.ts";
import { modes, type Mode } from "./mode.ts";
import { endReasons } from "./reasons.ts";

/** What `connected 10.0.0.5:21` leaves out: our end of the connection, and what is known of the server. */
export type TranscriptContext = Omit<Extract<SessionEvent, { kind: "connected" }>, "kind" | "peer">;

/** The event that a margin line stands for; undefined if it is none. */
export function parseEvent(line: string, context: TranscriptContext): SessionEvent | undefined {
  const said = /^([CS])(?:\(([a-z\d,-]+)\))?>(?: ([^]*))?$/.exec(line);
  if (said) return parseSaid(said[1] ?? "", said[2]?.split(",") ?? [], said[3] ?? "");
  const [first = "", ...rest] = line.split(" ");
  const detail = rest.join(" ");
  switch (first) {
    case "C":
    case "S":
      return parsePeer(first, rest);
    case "telnet":
      return { kind: "telnet-answer", bytes: bytesOf(rest) };
    case "resolved":
      return parseResolved(rest);
    case "unresolved":
    case "unreachable":
      return { kind: first, detail };
    case "unresolvable":
      return { kind: first };
    case "connected":
      return parseConnected(detail, context);
    case "tls":
      return parseTls(detail);
    case "opaque":
      return detail === "ended" ? { kind: "opaque-ended" } : parseOpaqueMoved(detail);
    case "timer":
      return named(timerNames, detail, (timer) => ({ kind: "timer", timer }));
    case "drain":
      return { kind: "drain" };
    case "stop":
      return parseStop(detail);
    default:
      return parsePinhole(line);
  }
}

/** Only what is in the list is understood: a misspelt word in a script is an error. */
function named<T extends string, R>(list: readonly T[], text: string | undefined, use: (word: T) => R): R | undefined {
  const word = list.find((candidate) => candidate === text);
  return word === undefined ? undefined : use(word);
}

function parseSaid(speaker: string, words: readonly string[], text: string): SessionEvent | undefined {
  const found = words.flatMap((word) => named<Quirk, Quirk>(quirks, word, (quirk) => quirk) ?? []);
  if (found.length < words.length) return undefined;
  if (speaker === "C") return { kind: "client-line", text, quirks: found };
  const terminator = found.includes("bare-lf") ? "\n" : found.includes("cr-cr-lf") ? "\r\r\n" : "\r\n";
  return { kind: "server-line", text, raw: text + terminator };
}

function bytesOf(hex: readonly string[]): string {
  return hex.map((byte) => String.fromCharCode(parseInt(byte, 16))).join("");
}

function parsePeer(speaker: "C" | "S", [verb, ...rest]: readonly string[]): SessionEvent | undefined {
  const detail = rest.join(" ");
  if (verb === "closes") return { kind: speaker === "C" ? "client-end" : "server-end" };
  if (verb === "telnet" && speaker === "S") return { kind: "server-telnet", bytes: bytesOf(rest) };
  if (verb === "lost") return { kind: speaker === "C" ? "client-lost" : "server-lost", detail };
  if (verb !== "refused") return undefined;
  if (speaker === "S") return named(serverRefusals, detail, (reason) => ({ kind: "server-refused", reason }));
  return named(clientRefusals, detail, (reason) => ({ kind: "client-refused", reason }));
}

function parseResolved(texts: readonly string[]): SessionEvent | undefined {
  const candidates = texts.flatMap((text) => parseEndpoint(text) ?? []);
  return candidates.length === texts.length ? { kind: "resolved", candidates } : undefined;
}

function parseConnected(text: string, context: TranscriptContext): SessionEvent | undefined {
  const match = /^(\S+)(?: from (\S+)(?: as (\S+))?(?: rejecting (.+))?)?$/.exec(text);
  const peer = parseEndpoint(match?.[1] ?? "");
  if (peer === undefined || match?.[2] === undefined) return peer && { kind: "connected", peer, ...context };
  const local = parseEndpoint(match[2]);
  const words = match[4]?.split(" ") ?? [];
  const rejects = words.flatMap((word) => named<Mode, Mode>(modes, word, (mode) => mode) ?? []);
  if (local === undefined || rejects.length < words.length) return undefined;
  return { kind: "connected", peer, local, advertise: match[3] ?? local.address, rejects };
}

/** Version and cipher may be left out. */
const securedWords = String.raw`(?: (TLSv1\.\d) (\S+))?( resumed)?(?: in (\d+) ms)?`;
const startedWords = new RegExp(
  String.raw`^${securedWords}(?: for (\S+))?(?: user ("(?:[^"\\]|\\.)*"))?(?:: ([^]*))?$`,
);
const onlySecured = new RegExp(`^${securedWords}$`);

function parseTls(text: string): SessionEvent | undefined {
  const [, what, side, rest = ""] = /^(started|failed|ended) (client|server)([^]*)$/.exec(text) ?? [];
  const known = named(sides, side, (found) => found);
  if (known === undefined) return undefined;
  if (what === "ended") return known === "client" && rest === "" ? { kind: "tls-ended", side: known } : undefined;
  if (what === "failed") {
    const [, word, detail = ""] = /^ (\S+?)(?:: ([^]*))?$/.exec(rest) ?? [];
    return named(tlsCauses, word, (cause) => ({ kind: "tls-failed", side: known, cause, detail }));
  }
  const match = startedWords.exec(rest);
  const secured = match && parseSecured(match);
  if (!match || !secured) return undefined;
  const [name, user, subject] = match.slice(5);
  return {
    ...{ kind: "tls-started", side: known, ...secured },
    ...(name !== undefined && { name }),
    ...(user !== undefined && { user: String(JSON.parse(user)) }),
    ...(subject !== undefined && { subject }),
  };
}

function parseSecured(match: RegExpExecArray): Secured | undefined {
  const [, word = "TLSv1.3", cipher = "TLS_AES_256_GCM_SHA384", resumed, ms = "0"] = match;
  return named(tlsVersions, word, (version) => ({
    version,
    cipher,
    resumed: resumed !== undefined,
    durationMs: Number(ms),
  }));
}

/** `moved 517 up 0 down`, `moved 80 up 0 down secured`. */
function parseOpaqueMoved(text: string): SessionEvent | undefined {
  const [, up, down, secured] = /^moved (\d+) up (\d+) down( secured)?$/.exec(text) ?? [];
  if (up === undefined) return undefined;
  return { kind: "opaque-moved", bytesUp: Number(up), bytesDown: Number(down), isSecured: secured !== undefined };
}

function parseStop(text: string): SessionEvent | undefined {
  const [, reason, detail = ""] = /^([a-z-]+)(?:: ([^]*))?$/.exec(text) ?? [];
  return named(endReasons, reason, (known) => ({ kind: "stop", reason: known, detail }));
}

/** `joined`, `closed complete 0 up 5 down in 12 ms #2: why`. The first pinhole of a session needs no number. */
function parsePinhole(line: string): SessionEvent | undefined {
  const [, words = "", number = "1", detail] = /^(.*?)(?: #(\d+))?(?:: ([^]*))?$/.exec(line) ?? [];
  const event = parsePinholeEvent(words, detail);
  return event && { kind: "pinhole", id: Number(number), event };
}

function parsePinholeEvent(words: string, detail: string | undefined): PinholeEvent | undefined {
  const [first = "", ...rest] = words.split(" ");
  switch (first) {
    case "opened":
      return parseOpened(words);
    case "not":
      return named(openRefusals, rest[1], (reason) => ({ kind: "refused", reason, detail: detail ?? "" }));
    case "admitted":
    case "stranger": {
      const from = parseEndpoint(rest[1] ?? "");
      return from && named(sides, rest[0], (side) => ({ kind: first, side, from }));
    }
    case "reached":
      return rest[0] === "server" ? { kind: first, side: "server" } : undefined;
    case "other": {
      const wanted = parsePortNumber(rest.at(-1) ?? "");
      if (wanted === undefined) return undefined;
      return named(sides, rest[4], (side) => ({ kind: "other-source-port", side, wanted, detail: detail ?? "" }));
    }
    case "secured": {
      const match = onlySecured.exec(words.slice(`secured ${rest[0] ?? ""}`.length));
      const secured = match && parseSecured(match);
      return secured ? named(sides, rest[0], (side) => ({ kind: first, side, ...secured })) : undefined;
    }
    case "no-close-notify":
      return named(sides, rest[0], (side) => ({ kind: first, side }));
    case "joined":
    case "delivered":
      return { kind: first };
    case "closed":
      return parseClosed(rest, detail);
    default:
      return undefined;
  }
}

function parseOpened(words: string): PinholeEvent | undefined {
  const match = /^opened(?: (?!server|by)([^\s,]+))?(?:,? server side (\S+))?(?: by (\S+))?$/.exec(words);
  if (!match) return undefined;
  const [client, server] = [match[1], match[2]].map((text) => parseEndpoint(text ?? ""));
  if ((match[1] && !client) || (match[2] && !server)) return undefined;
  return named(planeNames, match[3] ?? "relay", (plane) => opened(plane, client, server));
}

function opened(plane: PlaneName, client: Endpoint | undefined, server: Endpoint | undefined): PinholeEvent {
  return { kind: "opened", plane, ...(client ? { client } : {}), ...(server ? { server } : {}) };
}

function parseClosed([word, ...counts]: readonly string[], detail: string | undefined): PinholeEvent | undefined {
  const [, up = "0", down = "0", ms = "0"] = /^(\d+) up (\d+) down in (\d+) ms$/.exec(counts.join(" ")) ?? [];
  return named(pinholeOutcomes, word, (outcome) => ({
    kind: "closed",
    outcome,
    bytesUp: Number(up),
    bytesDown: Number(down),
    durationMs: Number(ms),
    ...(detail === undefined ? {} : { detail }),
  }));
}
