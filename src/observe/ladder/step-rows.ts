// Step rows: what one event or effect of a session is in a ladder. The lines of the control connection, which go in pairs, and the
// state of data connections are layout.ts's.
import type { PinholeEvent, PinholeOutcome, Side } from "../../dataplane/pinhole.ts";
import { formatEndpoint } from "../../net/endpoint.ts";
import type { Secured } from "../../net/tls.ts";
import type { LegPlan, SessionEffect, SessionEvent } from "../../session/events.ts";
import type { Fact } from "../../session/facts.ts";
import type { ConnectionRow, NoteRow, PinholeRow, RowContent } from "./ladder-rows.ts";

/** Of events that are no line and of no data connection. Texts are not made visible yet. */
export function eventRow(event: SessionEvent): RowContent | undefined {
  switch (event.kind) {
    case "client-refused":
      return note(`a line of the client is refused: ${event.reason}`, "refusal");
    case "server-refused":
      return note(`a line of the server is refused: ${event.reason}`, "refusal");
    case "client-end":
    case "server-end":
      return note(`the ${sideOf(event.kind)} closes the control connection`);
    case "client-lost":
    case "server-lost":
      return note(`the control connection of the ${sideOf(event.kind)} is lost${because(event.detail)}`);
    case "telnet-answer":
      return note("a Telnet option of the client is refused", "quirk");
    case "server-telnet":
      return note("a Telnet command of the server is answered", "quirk");
    case "resolved":
      return note(`found ${event.candidates.map(formatEndpoint).join(", ")}`);
    case "unresolved":
      return note(`the name can't be resolved${because(event.detail)}`);
    case "unresolvable":
      return note("too many names are being looked up");
    case "connected": {
      const as = event.advertise === event.local.address ? "" : `, known as ${event.advertise}`;
      return connection("server", "gateway", `connected from ${formatEndpoint(event.local)}${as}`);
    }
    case "unreachable":
      return connection("server", "gateway", `not connected${because(event.detail)}`, true);
    case "tls-started":
      return secured(event.side, event);
    case "tls-failed":
      return note(`no TLS with the ${event.side}: ${event.cause}${because(event.detail)}`, "refusal");
    case "tls-ended":
      return note("clear text again with the client");
    case "opaque-moved":
      return undefined;
    case "opaque-ended":
      return note("clear text again between client and server");
    case "timer":
      return note(`the time for ${timerTexts[event.timer]} is over`);
    case "drain":
      return note("the gateway takes no new transfers");
    case "stop":
      return note(`the gateway ends the session: ${event.reason}${because(event.detail)}`);
    case "client-line":
    case "server-line":
    case "pinhole":
      return undefined;
  }
}

const timerTexts = {
  login: "the login",
  idle: "an idle session",
  linger: "the data connection",
  grace: "closing",
  abort: "the answer to ABOR",
  result: "the result of the upload",
  doubt: "a multi-line reply",
  silence: "a server that is to be ready for USER",
} as const;

/** Of effects that are no line and of no data connection. */
export function effectRow(effect: SessionEffect): RowContent | undefined {
  switch (effect.kind) {
    case "resolve":
      return note(`looks up ${effect.host}:${effect.port}`);
    case "connect":
      return connection("server", "server", `connect to ${effect.candidates.map(formatEndpoint).join(", ")}`);
    case "connect-next":
      return note(`the next server is tried: this one ${effect.detail}`);
    case "go-opaque":
      return note("TLS between client and server, which the gateway can't read");
    case "learn":
      return note(`remembers that the server rejects ${effect.rejects}`);
    case "record":
      return factRow(effect.fact);
    case "end":
      return note(`session ends: ${effect.reason}`, "end");
    default:
      return undefined;
  }
}

function factRow(fact: Fact): RowContent | undefined {
  switch (fact.kind) {
    case "refusal":
      return note(`refused: ${fact.reason}${because(fact.detail)}`, "refusal");
    case "quirk":
      return note(`quirk ${fact.quirk}`, "quirk");
    case "failure": {
      const { hop, cause, sentence, advice } = fact.diagnosis;
      return { kind: "failure", hop, cause, sentence, advice };
    }
    default:
      return undefined;
  }
}

/** Both halves of a data connection as they were planned. */
export type Plan = Readonly<Record<Side, LegPlan>>;

/** Of what is told of a data connection, but for its end. */
export function pinholeRows(id: number, event: PinholeEvent, plan: Plan | undefined): readonly RowContent[] {
  switch (event.kind) {
    case "opened":
      return [pinhole(id, "open", openedText(event, plan))];
    case "refused":
      return [pinhole(id, "not-opened", `no pinhole: ${event.reason}${because(event.detail)}`)];
    case "stranger":
      return [connection(event.side, "gateway", `a stranger, ${formatEndpoint(event.from)}, is turned away`, true)];
    case "admitted":
      return [connection(event.side, "gateway", `data connection from ${formatEndpoint(event.from)}`)];
    case "reached":
      return [dialled(event.side, plan)];
    case "other-source-port":
      return [note(`not from port ${event.wanted}, which can't be had${because(event.detail)}`)];
    case "secured":
      return [secured(event.side, event)];
    case "no-close-notify":
      return [note(`the ${event.side} has ended its data without close_notify`, "quirk")];
    case "joined":
      return joinedRows(plan);
    case "delivered":
    case "closed":
      return [];
  }
}

/** Where both sides are dialled, the server's connection has been told already. */
function joinedRows(plan: Plan | undefined): readonly RowContent[] {
  if (plan === undefined) return [];
  const isBoth = plan.client.kind === "dial" && plan.server.kind === "dial";
  if (plan.client.kind === "dial") return [dialled("client", plan)];
  return plan.server.kind === "dial" && !isBoth ? [dialled("server", plan)] : [];
}

function dialled(side: Side, plan: Plan | undefined): ConnectionRow {
  const leg = plan?.[side];
  const to = leg?.kind === "dial" ? ` to ${formatEndpoint(leg.to)}` : "";
  return connection(side, side, `data connection${to}`);
}

function openedText({ client, server }: Extract<PinholeEvent, { kind: "opened" }>, plan: Plan | undefined): string {
  const open = [
    ...(client ? [`${formatEndpoint(client)}${forWhom(plan?.client)}`] : []),
    ...(server ? [`${formatEndpoint(server)}${forWhom(plan?.server)}`] : []),
  ];
  const dials = [plan?.server, plan?.client].flatMap((leg) =>
    leg?.kind === "dial" ? [`to ${formatEndpoint(leg.to)}`] : [],
  );
  return open.length === 0 ? `will connect ${dials.join(" and ")}` : `pinhole ${[...open, ...dials].join(", ")}`;
}

function forWhom(leg: LegPlan | undefined): string {
  return leg?.kind === "listen" ? ` for ${leg.peer}` : "";
}

/** How a data connection ended that was made, or was to be made. */
export const outcomeTexts: Readonly<Record<PinholeOutcome, string>> = {
  complete: "complete",
  "client-reset": "broken by the client",
  "server-reset": "broken by the server",
  "client-tls-failed": "no TLS with the client",
  "server-tls-failed": "no TLS with the server",
  "tls-truncated": "cut off under TLS",
  stalled: "stalled",
  "client-unreachable": "the client is not reached",
  "server-unreachable": "the server is not reached",
  expired: "nobody came",
  released: "not used",
  aborted: "aborted",
};

/** The side that begins the handshake is the client of the two. */
function secured(side: Side, { version, resumed }: Secured): ConnectionRow {
  const text = `${version.replace("v", " ")}${resumed ? ", resumed" : ""}`;
  return connection(side, side === "client" ? "gateway" : "server", text);
}

export function note(text: string, tone: NoteRow["tone"] = "plain"): NoteRow {
  return { kind: "note", tone, text };
}

export function pinhole(id: number, state: PinholeRow["state"], text: string): PinholeRow {
  return { kind: "pinhole", id, state, text };
}

function connection(side: Side, towards: ConnectionRow["towards"], text: string, isRefused = false): ConnectionRow {
  return { kind: "connection", side, towards, isRefused, text };
}

function sideOf(kind: `${Side}-${string}`): Side {
  return kind.startsWith("client") ? "client" : "server";
}

/** Empty where nothing is known. */
export function because(detail: string | undefined): string {
  return detail === undefined || detail === "" ? "" : `: ${detail}`;
}
