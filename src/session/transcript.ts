// The text of a session: one format for test scripts, traces and people (DESIGN: "one text"). A line at the margin is an
// event, an indented line an effect. Timers and plain counting are left out; secrets are masked.
import { maskCommand } from "../ftp/command.ts";
import { formatEndpoint, parseEndpoint, type Endpoint } from "../net/endpoint.ts";
import type { PinholeEvent, PinholeOutcome, Side } from "../dataplane/pinhole.ts";
import type { Effect, Event, LegPlan, TimerName } from "./events.ts";
import type { Session } from "./state.ts";

const indent = "     ";

/** The margin line of an event, e.g. `C> PASV`, `opened 192.0.2.1:50010`. */
export function formatEvent(event: Event): string {
  switch (event.kind) {
    case "client-line":
      return `C> ${maskCommand(event.text)}`;
    case "server-line":
      return `S> ${event.text}`;
    case "client-refused":
      return `C refused ${event.reason}`;
    case "server-refused":
      return `S refused ${event.reason}`;
    case "client-end":
      return "C closes";
    case "server-end":
      return "S closes";
    case "client-lost":
      return `C lost ${event.detail}`;
    case "server-lost":
      return `S lost ${event.detail}`;
    case "telnet-answer":
      return `telnet ${hex(event.bytes)}`;
    case "resolved":
      return ["resolved", ...event.addresses].join(" ");
    case "unresolved":
    case "unreachable":
      return `${event.kind} ${event.detail}`;
    case "connected":
      return `connected ${formatEndpoint(event.peer)}`;
    case "pinhole":
      return `${formatPinhole(event.event)}${numbered(event.id)}`;
    case "timer":
      return `timer ${event.timer}`;
    case "drain":
      return "drain";
    case "stop":
      return `stop ${event.reason}`;
  }
}

function formatPinhole(event: PinholeEvent): string {
  switch (event.kind) {
    case "opened":
      return ["opened", ...[event.client, event.server].flatMap((end) => (end ? [formatEndpoint(end)] : []))].join(" ");
    case "refused":
      return `not opened ${event.reason}`;
    case "stranger":
    case "admitted":
      return `${event.kind} ${event.side} ${formatEndpoint(event.from)}`;
    case "other-source-port":
      return `other source port than ${event.wanted}`;
    case "joined":
    case "delivered":
      return event.kind;
    case "closed":
      return `closed ${event.outcome}`;
  }
}

/** The indented lines of an effect; none for what is only bookkeeping. `session` is the state after the step. */
export function formatEffect(effect: Effect, session: Session): readonly string[] {
  return effectLines(effect, session).map((line) => indent + line);
}

function effectLines(effect: Effect, session: Session): readonly string[] {
  switch (effect.kind) {
    case "to-client":
      return textLines(effect.bytes).map((line) => `>C ${line}`);
    case "to-server":
      return textLines(effect.bytes).map((line) => `>S ${maskCommand(line)}`);
    case "resolve":
      return [`resolve ${effect.host}`];
    case "connect":
      return [["connect", ...effect.candidates.map(formatEndpoint)].join(" ")];
    case "open":
      return [`${formatOpen(effect.client, effect.server, session)}${numbered(effect.id)}`];
    case "start":
    case "confirm":
    case "linger":
    case "release":
      return [`${effect.kind}${numbered(effect.id)}`];
    case "learn":
      return [`learn that ${effect.rejects} is rejected`];
    case "record":
      if (effect.fact.kind === "refusal") return [`refuse ${effect.fact.reason}`];
      return effect.fact.kind === "quirk" ? [`quirk ${effect.fact.quirk}`] : [];
    case "finish-server":
      return ["finish server"];
    case "end":
      return [`end ${effect.reason}`];
    case "timer":
    case "cancel":
      return [];
  }
}

function textLines(bytes: string): readonly string[] {
  // oxlint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*\n$/.test(bytes) ? bytes.replace(/\r?\n$/, "").split(/\r?\n/) : [bytes.trimEnd()];
}

function formatOpen(client: LegPlan, server: LegPlan, session: Session): string {
  const clientAddress = session.client.peer.address;
  const serverAddress = session.server?.peer.address ?? "?";
  if (client.kind === "listen" && server.kind === "listen") {
    return `open both sides for ${clientAddress} and ${serverAddress}`;
  }
  if (client.kind === "listen") return `open client side for ${clientAddress}, dial ${formatDial(server)}`;
  if (server.kind === "listen") return `open server side for ${serverAddress}, dial ${formatDial(client)}`;
  return `dial ${formatDial(server)} and ${formatDial(client)}`;
}

function formatDial(leg: LegPlan): string {
  if (leg.kind === "listen") return "";
  return `${formatEndpoint(leg.to)}${leg.fromPort === undefined ? "" : ` from ${leg.fromPort}`}`;
}

function numbered(id: number): string {
  return id === 1 ? "" : ` #${id}`;
}

function hex(bytes: string): string {
  return [...bytes].map((char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
}

/** What a margin line leaves out: where our end of the server's control connection is, and what is known of the server. */
export type TranscriptContext = Omit<Extract<Event, { kind: "connected" }>, "kind" | "peer">;

/** Reads a margin line back into the event that it stands for; undefined if it is none. */
export function parseEvent(line: string, context: TranscriptContext): Event | undefined {
  const match = /^(?:([CS])> ?(.*)|(.+?)(?: #(\d+))?)$/s.exec(line);
  if (!match) return undefined;
  const [, speaker, said = "", words = "", number = "1"] = match;
  if (speaker === "C") return { kind: "client-line", text: said, quirks: [] };
  if (speaker === "S") return { kind: "server-line", text: said, raw: `${said}\r\n` };
  return parseWords(words, context) ?? parsePinhole(words, Number(number));
}

function parseWords(words: string, context: TranscriptContext): Event | undefined {
  const [first = "", ...rest] = words.split(" ");
  const detail = rest.join(" ");
  switch (first) {
    case "C":
    case "S":
      return parsePeer(first, rest);
    case "telnet":
      return { kind: "telnet-answer", bytes: rest.map((byte) => String.fromCharCode(parseInt(byte, 16))).join("") };
    case "resolved":
      return { kind: "resolved", addresses: rest };
    case "unresolved":
    case "unreachable":
      return { kind: first, detail };
    case "connected": {
      const peer = parseEndpoint(detail);
      return peer && { kind: "connected", peer, ...context };
    }
    case "timer":
      return { kind: "timer", timer: detail as TimerName };
    case "drain":
      return { kind: "drain" };
    case "stop":
      return { kind: "stop", reason: "stopped", detail: "" };
    default:
      return undefined;
  }
}

function parsePeer(speaker: "C" | "S", [verb, ...rest]: readonly string[]): Event | undefined {
  const detail = rest.join(" ");
  if (verb === "closes") return { kind: speaker === "C" ? "client-end" : "server-end" };
  if (verb === "lost") return { kind: speaker === "C" ? "client-lost" : "server-lost", detail };
  if (verb !== "refused") return undefined;
  if (speaker === "S") return { kind: "server-refused", reason: "line-too-long" };
  return { kind: "client-refused", reason: detail as "line-too-long" | "nul-byte" | "lone-cr" };
}

function parsePinhole(words: string, id: number): Event | undefined {
  const [first = "", ...rest] = words.split(" ");
  const event = parsePinholeEvent(first, rest);
  return event && { kind: "pinhole", id, event };
}

function parsePinholeEvent(first: string, rest: readonly string[]): PinholeEvent | undefined {
  switch (first) {
    case "opened":
      return parseOpened(rest.flatMap((text) => parseEndpoint(text) ?? []));
    case "not":
      return { kind: "refused", reason: rest[1] as "ports-exhausted", detail: "" };
    case "admitted":
    case "stranger": {
      const from = parseEndpoint(rest[1] ?? "");
      return from && { kind: first, side: rest[0] as Side, from };
    }
    case "joined":
    case "delivered":
      return { kind: first };
    case "closed":
      return { kind: "closed", outcome: rest[0] as PinholeOutcome, bytesUp: 0, bytesDown: 0, durationMs: 0 };
    default:
      return undefined;
  }
}

/** Which leg listens is not in the text where only one does; the session knows (see `play` in test/session). */
function parseOpened([one, two]: readonly Endpoint[]): PinholeEvent {
  return {
    kind: "opened",
    plane: "relay",
    ...(one ? { client: one } : {}),
    ...(two ? { server: two } : one ? { server: one } : {}),
  };
}
