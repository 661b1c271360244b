// Plays a transcript against stepNatConnection(): a line at the margin is an input, an indented line an expected ask, and nothing
// unlisted may happen. A failure prints a diff of the dialogue.
import { expect } from "vitest";
import type { Endpoint } from "../../../src/net/endpoint.ts";
import { createMarks } from "../../../src/dataplane/kernel/marks.ts";
import { stepNatConnection } from "../../../src/dataplane/kernel/nat-connection.ts";
import type { NatAsk, NatInput, NatQuestion } from "../../../src/dataplane/kernel/nat-events.ts";
import { type NatConnection, type NatTerms, startNatConnection } from "../../../src/dataplane/kernel/nat-state.ts";
import { type Connection, tcpStates } from "../../../src/dataplane/kernel/netlink/conntrack-message.ts";

export const marks = createMarks();
export const times = { expiryMs: 20_000, stallMs: 30_000 };
const connectMs = 5000;

const endpoint = (text: string): Endpoint => {
  const colon = text.lastIndexOf(":");
  return { address: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
};

/** `passive`: the client opens the connection. `active`: the server does, and the client should see its port 20. */
export const sides = {
  passive: {
    terms: { listeningSide: "client", dialledSide: "server", marks, peer: "192.168.1.100", wantedPort: undefined },
    local: endpoint("192.168.1.1:50000"),
    original: { source: endpoint("192.168.1.100:40000"), destination: endpoint("192.168.1.1:50000") },
    reply: { source: endpoint("10.0.0.5:5000"), destination: endpoint("10.0.0.1:40000") },
  },
  active: {
    terms: { listeningSide: "server", dialledSide: "client", marks, peer: "10.0.0.5", wantedPort: 20 },
    local: endpoint("10.0.0.1:50000"),
    original: { source: endpoint("10.0.0.5:20"), destination: endpoint("10.0.0.1:50000") },
    reply: { source: endpoint("192.168.1.100:6000"), destination: endpoint("192.168.1.1:20") },
  },
} as const;
export type Mode = keyof typeof sides;

export const start = (mode: Mode): NatConnection => {
  const terms: NatTerms = { ...sides[mode].terms, connectMs };
  return startNatConnection(terms, times);
};

const stateNames: Readonly<Record<string, number>> = {
  SYN_SENT: tcpStates.synSent,
  SYN_RECV: tcpStates.synReceived,
  ESTABLISHED: tcpStates.established,
  FIN_WAIT: tcpStates.finWait,
  CLOSE_WAIT: tcpStates.closeWait,
  LAST_ACK: tcpStates.lastAck,
  TIME_WAIT: tcpStates.timeWait,
  CLOSE: tcpStates.close,
};

/**
 * `STATE`, then any of: `assured`; `opener-fin`, `answerer-fin` (closed first); `opener-unacked`, `answerer-unacked`;
 * `opener-rst`, `answerer-rst` (a flag in the mark); `bytes=opener/answerer`; `from=endpoint` and `to=endpoint` of the SYN;
 * `port=number`, from which the dialled peer sees it come.
 */
export function parseConnection(words: readonly string[], mode: Mode): Connection {
  const { original, reply } = sides[mode];
  const value = (name: string) => words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const has = (word: string) => words.includes(word);
  const sender = (name: string) => ({ closedFirst: has(`${name}-fin`), hasUnacknowledged: has(`${name}-unacked`) });
  const state = stateNames[words[0] ?? ""];
  if (state === undefined) throw new Error(`no state: ${words.join(" ")}`);
  const [from, to, port, bytes] = [value("from"), value("to"), value("port"), value("bytes")];
  const [fromOpener, fromAnswerer] = (bytes ?? "").split("/").map(Number);
  return {
    original: {
      source: from === undefined ? original.source : endpoint(from),
      destination: to === undefined ? original.destination : endpoint(to),
    },
    reply: { ...reply, destination: { ...reply.destination, ...(port !== undefined && { port: Number(port) }) } },
    mark: marks.value | (has("opener-rst") ? marks.openerReset : 0) | (has("answerer-rst") ? marks.answererReset : 0),
    state,
    isAssured: has("assured"),
    opener: sender("opener"),
    answerer: sender("answerer"),
    bytes: bytes === undefined ? undefined : { fromOpener: fromOpener ?? 0, fromAnswerer: fromAnswerer ?? 0 },
  };
}

/** `found` answers the oldest question that was asked. */
function parseInput(line: string, mode: Mode, questions: NatQuestion[]): NatInput {
  const [kind = "", ...words] = line.split(" ");
  const connection = () => (words[0] === "nothing" ? undefined : parseConnection(words, mode));
  switch (kind) {
    case "open":
    case "proceed":
    case "overdue":
    case "stalled":
    case "look":
    case "inquired":
    case "confirm":
    case "release":
      return { kind };
    case "claimed":
      return { kind, local: sides[mode].local };
    case "refused":
      return { kind, reason: "plane-unavailable", detail: words.join(" ") };
    case "linger":
      return { kind, ms: Number(words[0]) * 1000 };
    case "new":
    case "update":
    case "gone":
      return { kind: "event", event: { kind, connection: parseConnection(words, mode) } };
    case "refresh":
      return { kind: "refresh counts" };
    case "listed":
      return { kind, connections: [connection() ?? []].flat() };
    case "found": {
      const question = questions.shift();
      if (question === undefined) throw new Error("nothing was asked");
      return { kind, question, connection: connection() };
    }
    default:
      throw new Error(`no such input: ${line}`);
  }
}

const formatEndpoint = ({ address, port }: Endpoint) => `${address}:${port}`;
const seconds = (ms: number) => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`);

export function formatAsk(ask: NatAsk): string {
  switch (ask.kind) {
    case "claim":
      return `claim for ${seconds(ask.timeoutMs)}`;
    case "wait":
    case "shorten wait":
    case "extend wait":
    case "watch stall":
    case "limit stall":
    case "look in":
      return `${ask.kind} ${seconds(ask.ms)}`;
    case "find":
      return `find to ${Object.values(ask.question).filter(Boolean).join(" ")}`;
    case "report":
      return `report ${formatReport(ask.event)}`;
    case "close":
      return `close ${ask.outcome} ${ask.bytesUp}/${ask.bytesDown}${ask.detail === undefined ? "" : `: ${ask.detail}`}`;
    case "abort":
      return `abort ${formatEndpoint(ask.connection.original.source)}`;
    default:
      return ask.kind;
  }
}

function formatReport(event: Extract<NatAsk, { kind: "report" }>["event"]): string {
  switch (event.kind) {
    case "opened":
      return [
        "opened",
        ...(["client", "server"] as const).flatMap((side) => (event[side] ? [side, formatEndpoint(event[side])] : [])),
      ].join(" ");
    case "refused":
      return `refused ${event.reason}: ${event.detail}`;
    case "admitted":
    case "stranger":
      return `${event.kind} ${event.side} ${formatEndpoint(event.from)}`;
    case "other-source-port":
      return `other-source-port ${event.side} wanted ${event.wanted}: ${event.detail}`;
    default:
      return event.kind;
  }
}

const isInput = (line: string) => line !== "" && !line.startsWith(" ");

/** The left margin of the script's first line is the margin. Returns the last state. */
export function play(script: string, mode: Mode = "passive"): NatConnection {
  const lines = script.split("\n").filter((line) => line.trim() !== "");
  const margin = lines[0]?.search(/\S/) ?? 0;
  const expected = lines.map((line) => (line.search(/\S/) <= margin ? line.trim() : `  ${line.trim()}`));
  const questions: NatQuestion[] = [];
  const actual: string[] = [];
  let state = start(mode);
  for (const line of expected.filter(isInput)) {
    const [next, asks] = stepNatConnection(state, parseInput(line, mode, questions));
    state = next;
    for (const ask of asks) if (ask.kind === "find") questions.push(ask.question);
    actual.push(line, ...asks.map((ask) => `  ${formatAsk(ask)}`));
  }
  expect(actual.join("\n")).toBe(expected.join("\n"));
  return state;
}

/** Beginnings of scripts. */
export const opened = `
  open
    claim for 30 s
  claimed
    wait 20 s
    report opened client 192.168.1.1:50000`;
export const connecting = `${opened}
  new SYN_SENT
    mark used
    wait 5 s
    report admitted client 192.168.1.100:40000`;
export const joined = `${connecting}
  update ESTABLISHED
    stop waiting
    unreserve
    report joined
    proceed`;
export const carrying = `${joined}
  proceed
    watch stall 30 s`;
export const activeCarrying = `
  open
    claim for 30 s
  claimed
    wait 20 s
    report opened server 10.0.0.1:50000
  new SYN_SENT
    mark used
    wait 5 s
    report admitted server 10.0.0.5:20
  update ESTABLISHED
    stop waiting
    unreserve
    report joined
    proceed
  proceed
    watch stall 30 s`;
