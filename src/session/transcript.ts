// Transcript, the text of a session: one format for test scripts, traces and people. A line at the margin is an
// event, an indented line an effect. Timers and plain counting are left out; secrets are masked. What is ordinary is not
// mentioned, so that scripts read well, and what is not is, so that transcript-reader.ts gets the same event back.
import { maskCommand } from "../ftp/command.ts";
import { formatEndpoint } from "../net/endpoint.ts";
import type { Secured } from "../net/tls.ts";
import type { PinholeEvent } from "../dataplane/pinhole.ts";
import type { SessionEffect, SessionEvent, LegPlan } from "./events.ts";
import type { Fact } from "./facts.ts";
import type { Wanted } from "./pool-choice.ts";

const indent = "     ";

/** The margin line of an event, e.g. `C> PASV`, `opened 192.0.2.1:50010`. */
export function formatEvent(event: SessionEvent): string {
  switch (event.kind) {
    case "client-line":
      return `C${parenthesised(event.quirks)}> ${maskCommand(event.text)}`;
    case "server-line":
      return `S${parenthesised(lineEndQuirk(event.raw))}> ${event.text}`;
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
    case "server-telnet":
      return `S telnet ${hex(event.bytes)}`.trimEnd();
    case "resolved":
      return ["resolved", ...event.candidates.map(formatEndpoint)].join(" ");
    case "unresolved":
    case "unreachable":
      return `${event.kind} ${event.detail}`;
    case "unresolvable":
      return event.kind;
    case "connected":
      return formatConnected(event);
    case "pinhole":
      return formatPinhole(event.id, event.event);
    case "tls-started":
      return formatTlsStarted(event);
    case "tls-failed":
      return `tls failed ${event.side} ${event.cause}${explained(event.detail)}`;
    case "tls-ended":
      return `tls ended ${event.side}`;
    case "opaque-moved":
      return `opaque moved ${event.bytesUp} up ${event.bytesDown} down${event.isSecured ? " secured" : ""}`;
    case "opaque-ended":
      return "opaque ended";
    case "timer":
      return `timer ${event.timer}`;
    case "drain":
      return "drain";
    case "stop":
      return `stop ${event.reason}${explained(event.detail)}`;
  }
}

/** `tls started client TLSv1.3 TLS_AES_256_GCM_SHA384 resumed in 3 ms for gw.example.net user "alice": CN=alice`. */
function formatTlsStarted(event: Extract<SessionEvent, { kind: "tls-started" }>): string {
  const { side, name, subject, user } = event;
  const named = name === undefined ? "" : ` for ${name}`;
  const known = user === undefined ? "" : ` user ${JSON.stringify(user)}`;
  return `tls started ${side}${formatSecured(event)}${named}${known}${explained(subject)}`;
}

function formatSecured({ version, cipher, resumed, durationMs }: Secured): string {
  return ` ${version} ${cipher}${resumed ? " resumed" : ""}${durationMs === 0 ? "" : ` in ${durationMs} ms`}`;
}

function parenthesised(quirks: readonly string[]): string {
  return quirks.length === 0 ? "" : `(${quirks.join(",")})`;
}

function lineEndQuirk(raw: string): readonly string[] {
  if (raw.endsWith("\r\r\n")) return ["cr-cr-lf"];
  return raw.endsWith("\r\n") ? [] : ["bare-lf"];
}

function explained(detail: string | undefined): string {
  return detail === undefined || detail === "" ? "" : `: ${detail}`;
}

function formatConnected({ peer, local, advertise, rejects }: Extract<SessionEvent, { kind: "connected" }>): string {
  const as = advertise === local.address ? "" : ` as ${advertise}`;
  const rejecting = rejects.length === 0 ? "" : ` rejecting ${rejects.join(" ")}`;
  return `connected ${formatEndpoint(peer)} from ${formatEndpoint(local)}${as}${rejecting}`;
}

function formatPinhole(id: number, event: PinholeEvent): string {
  const detail = "detail" in event ? event.detail : undefined;
  return `${pinholeWords(event)}${numbered(id)}${explained(detail)}`;
}

function pinholeWords(event: PinholeEvent): string {
  switch (event.kind) {
    case "opened":
      return `opened${formatOpened(event)}`;
    case "refused":
      return `not opened ${event.reason}`;
    case "stranger":
    case "admitted":
      return `${event.kind} ${event.side} ${formatEndpoint(event.from)}`;
    case "secured":
      return `secured ${event.side}${formatSecured(event)}`;
    case "reached":
    case "no-close-notify":
      return `${event.kind} ${event.side}`;
    case "other-source-port":
      return `other source port on the ${event.side} side than ${event.wanted}`;
    case "joined":
    case "delivered":
      return event.kind;
    case "closed":
      return `closed ${event.outcome}${formatCounts(event)}`;
  }
}

function formatOpened({ client, server, plane }: Extract<PinholeEvent, { kind: "opened" }>): string {
  const ends = [
    ...(client ? [` ${formatEndpoint(client)}`] : []),
    ...(server ? [` server side ${formatEndpoint(server)}`] : []),
  ];
  return `${ends.join(",")}${plane === "relay" ? "" : ` by ${plane}`}`;
}

function formatCounts({ bytesUp, bytesDown, durationMs }: Extract<PinholeEvent, { kind: "closed" }>): string {
  return bytesUp + bytesDown + durationMs === 0 ? "" : ` ${bytesUp} up ${bytesDown} down in ${durationMs} ms`;
}

/** The indented lines of an effect; none for what is only bookkeeping. */
export function formatEffect(effect: SessionEffect): readonly string[] {
  return effectLines(effect).map((line) => indent + line);
}

function effectLines(effect: SessionEffect): readonly string[] {
  switch (effect.kind) {
    case "to-client":
      if (!effect.bytes.endsWith("\n")) return [`telnet ${hex(effect.bytes)}`];
      return textLines(effect.bytes).map((line) => `>C ${line}`);
    case "to-server":
      if (!effect.bytes.endsWith("\n")) return [`telnet to the server ${hex(effect.bytes)}`];
      return textLines(effect.bytes).map((line) => `>S ${maskCommand(line)}`);
    case "resolve":
      return [`resolve ${effect.host}:${effect.port}`];
    case "connect":
      return [["connect", ...effect.candidates.map(formatEndpoint), ...forWhom(effect.wanted)].join(" ")];
    case "connect-next":
      return [`connect next: ${effect.detail}`];
    case "open":
      return [`${formatOpen(effect.client, effect.server)}${numbered(effect.id)}`];
    case "start":
      // Shown where it makes the gateway connect; elsewhere nothing is seen to happen.
      return effect.dials ? [`start${numbered(effect.id)}`] : [];
    case "confirm":
    case "linger":
    case "release":
    case "dismiss":
      return [`${effect.kind}${numbered(effect.id)}`];
    case "start-tls":
      return [...saidTo(effect.side === "client" ? "C" : "S", effect.says), `start tls ${effect.side}`];
    case "end-tls":
      return [...saidTo("C", effect.says), `end tls ${effect.side}`];
    case "go-opaque":
      return [...saidTo("C", effect.says), "go opaque"];
    case "learn":
      return [`learn that ${effect.rejects} is rejected`];
    case "record":
      return factLines(effect.fact);
    case "end":
      return [`end ${effect.reason}`];
    case "timer":
    case "cancel":
    case "server-chosen":
    case "learn-features":
      return [];
  }
}

function forWhom(wanted: Wanted | undefined): readonly string[] {
  if (wanted === undefined) return [];
  return ["for", wanted.user, ...(wanted.host === undefined ? [] : ["at", wanted.host])];
}

function factLines(fact: Fact): readonly string[] {
  switch (fact.kind) {
    case "refusal":
      return [`refuse ${fact.reason}`];
    case "quirk":
      return [`quirk ${fact.quirk}`];
    case "failure":
      return [`fail ${fact.diagnosis.hop} ${fact.diagnosis.cause}`];
    default:
      return [];
  }
}

function saidTo(peer: "C" | "S", bytes: string): readonly string[] {
  return bytes === "" ? [] : textLines(bytes).map((line) => `>${peer} ${line}`);
}

function textLines(bytes: string): readonly string[] {
  return bytes.replace(/(?<!\r)\r*\n$/, "").split(/\r?\n/);
}

function formatOpen(client: LegPlan, server: LegPlan): string {
  if (client.kind === "listen" && server.kind === "listen")
    return `open both sides for ${formatListen(client)} and ${formatListen(server)}`;
  if (client.kind === "listen") return `open client side for ${formatListen(client)}, dial ${formatDial(server)}`;
  if (server.kind === "listen") return `open server side for ${formatListen(server)}, dial ${formatDial(client)}`;
  return `dial ${formatDial(server)} and ${formatDial(client)}`;
}

function formatListen({ peer, port, protection }: Extract<LegPlan, { kind: "listen" }>): string {
  const again = port === undefined ? "" : ` again at ${port}`;
  return `${peer}${again}${protection === undefined ? "" : " under TLS"}`;
}

function formatDial(leg: LegPlan): string {
  if (leg.kind === "listen") return "";
  const from = leg.fromPort === undefined ? "" : ` from ${leg.fromPort}`;
  return `${formatEndpoint(leg.to)}${from}${leg.protection === undefined ? "" : " under TLS"}`;
}

function numbered(id: number): string {
  return id === 1 ? "" : ` #${id}`;
}

function hex(bytes: string): string {
  return [...bytes].map((char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
}
