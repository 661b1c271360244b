// NAT connection: one data connection that the kernel translates, as a pure machine. From a state and an input (a conntrack
// event, a timer, the owner's word, the kernel's answer) it makes the next state and what is to be asked of the driver
// (nat-pinhole.ts). It is opening → waiting (for the peer's SYN) → connecting → joined → carrying → closed.
import type { Endpoint } from "../../net/endpoint.ts";
import type { NatAsk, NatInput, NatQuestion } from "./nat-events.ts";
import {
  type Carrying,
  close,
  ended,
  find,
  isOf,
  lookAgainMs,
  type NatConnection,
  type NatTerms,
  type Phase,
  withCounts,
} from "./nat-state.ts";
import { type Connection, type ConntrackEvent, tcpStates } from "./netlink/conntrack-message.ts";
import { countsOf, hasCarriedAll, hasDelivered, isComplete, isEstablished, resetBy } from "./transfer-view.ts";

/** Total: any input in any state is answered, and what comes too late is ignored. */
export function stepNatConnection(state: NatConnection, input: NatInput): [NatConnection, readonly NatAsk[]] {
  const asks: NatAsk[] = [];
  return [advance(state, input, asks), asks];
}

function advance(state: NatConnection, input: NatInput, asks: NatAsk[]): NatConnection {
  const { phase } = state;
  switch (input.kind) {
    case "open":
      if (phase.name === "opening") asks.push({ kind: "claim", timeoutMs: state.patienceMs });
      return state;
    case "claimed":
      return phase.name === "opening" ? opened(state, input.local, phase.isReleased, asks) : state;
    case "refused":
      if (phase.name !== "opening") return state;
      asks.push({ kind: "report", event: { kind: "refused", reason: input.reason, detail: input.detail } });
      return { ...state, phase: { name: "closed", local: undefined } };
    case "event":
      return hear(state, input.event, asks);
    case "listed":
      return compare(
        state,
        input.connections.find((connection) => isOf(state, connection)),
        asks,
      );
    case "refresh counts":
      if (phase.name === "carrying") asks.push(find(phase, { why: "refresh" }));
      return state;
    case "found":
      return phase.name === "carrying" ? answered(state, phase, input.question, input.connection, asks) : state;
    case "proceed":
      return phase.name === "joined" ? carry(state, proceed(state, phase, asks), phase.last, asks) : state;
    case "overdue":
      return overdue(state, asks);
    case "stalled":
      if (phase.name === "carrying") asks.push(find(phase, { why: "abort", outcome: "stalled" }));
      return state;
    case "look":
      if (phase.name === "carrying") asks.push(find(phase, { why: "look" }));
      return state;
    case "inquired":
      // Mostly all has been delivered by now, and the events have said so.
      if (phase.name === "carrying" && !phase.isDelivered) asks.push(find(phase, { why: "look" }));
      return state;
    case "confirm":
      // The peers do something: there may be events.
      if (phase.name !== "closed") asks.push({ kind: "fetch events" });
      if (phase.name === "waiting") asks.push({ kind: "extend wait", ms: state.patienceMs });
      return state;
    case "linger":
      return linger(state, input.ms, asks);
    case "release":
      return release(state, asks);
  }
}

function opened(state: NatConnection, local: Endpoint, isReleased: boolean, asks: NatAsk[]): NatConnection {
  const { listeningSide } = state.terms;
  asks.push(
    { kind: "wait", ms: state.expiryMs },
    { kind: "report", event: { kind: "opened", plane: "kernel", [listeningSide]: local } },
  );
  const waiting: NatConnection = { ...state, phase: { name: "waiting", local } };
  return isReleased ? close(waiting, asks, "released") : waiting;
}

function hear(state: NatConnection, { kind, connection }: ConntrackEvent, asks: NatAsk[]): NatConnection {
  if (!isOf(state, connection)) return state;
  const { phase } = state;
  if (phase.name === "closed") {
    // It came through just before the pinhole was released, or ran out.
    if (kind === "new") asks.push({ kind: "abort", connection });
    return state;
  }
  if (kind === "gone" && phase.name === "joined")
    return forgotten(state, proceed(state, phase, asks), connection, asks);
  if (kind === "gone" && phase.name === "carrying") return forgotten(state, phase, connection, asks);
  return follow(state, connection, asks);
}

/** The kernel has dropped the connection from its table. */
function forgotten(state: NatConnection, phase: Carrying, last: Connection, asks: NatAsk[]): NatConnection {
  const outcome = last.state === tcpStates.close ? resetBy(state.terms, last) : "aborted";
  return ended(state, { ...phase, last }, asks, outcome, "connection tracking forgot it");
}

/** Events were lost: this is what the kernel knows now. */
function compare(state: NatConnection, connection: Connection | undefined, asks: NatAsk[]): NatConnection {
  const { phase, terms } = state;
  if (phase.name === "closed") {
    // As in `hear`, but the event was lost.
    if (connection) asks.push({ kind: "abort", connection });
    return state;
  }
  if (connection) return follow(state, connection, asks);
  if (phase.name === "connecting") {
    return close(state, asks, `${terms.dialledSide}-unreachable`, "the connection is gone");
  }
  if (phase.name !== "carrying") return state;
  return ended(state, phase, asks, "aborted", "the connection is gone, and events of its end were lost");
}

function follow(state: NatConnection, connection: Connection, asks: NatAsk[]): NatConnection {
  const { phase } = state;
  switch (phase.name) {
    case "opening":
    case "closed":
      return state;
    case "waiting":
      admit(state.terms, connection, asks);
      return connect(state, phase.local, connection, asks);
    case "connecting":
      return connect(state, phase.local, connection, asks);
    case "joined":
      return carry(state, proceed(state, phase, asks), connection, asks);
    case "carrying":
      return carry(state, phase, connection, asks);
  }
}

function admit(terms: NatTerms, { original, reply }: Connection, asks: NatAsk[]): void {
  const { listeningSide, dialledSide, wantedPort: wanted, connectMs } = terms;
  asks.push(
    { kind: "mark used" },
    { kind: "wait", ms: connectMs },
    { kind: "report", event: { kind: "admitted", side: listeningSide, from: original.source } },
  );
  const { port } = reply.destination;
  if (wanted === undefined || port === wanted) return;
  const detail = `the kernel took port ${port}: the server came from ${original.source.port}, or the port was in use`;
  asks.push({ kind: "report", event: { kind: "other-source-port", side: dialledSide, wanted, detail } });
}

function connect(state: NatConnection, local: Endpoint, connection: Connection, asks: NatAsk[]): NatConnection {
  const { listeningSide, dialledSide, marks } = state.terms;
  const connecting: NatConnection = { ...state, phase: { name: "connecting", local, last: connection } };
  if (isEstablished(connection)) {
    asks.push(
      { kind: "stop waiting" },
      { kind: "unreserve" },
      { kind: "report", event: { kind: "joined" } },
      { kind: "proceed" },
    );
    return { ...state, phase: { name: "joined", local, last: connection } };
  }
  if (connection.state !== tcpStates.close) return connecting;
  // An RST in answer to a SYN is a refusal; an RST after its own SYN takes the SYN back.
  if ((connection.mark & marks.openerReset) !== 0) return close(connecting, asks, `${listeningSide}-reset`);
  return close(connecting, asks, `${dialledSide}-unreachable`, "connection refused");
}

function proceed(
  state: NatConnection,
  { local, last }: Extract<Phase, { name: "connecting" | "joined" }>,
  asks: NatAsk[],
): Carrying {
  asks.push({ kind: "watch stall", ms: state.stallMs, original: last.original });
  return { name: "carrying", local, last, isDelivered: false, final: undefined, lookMs: lookAgainMs.first };
}

function carry(state: NatConnection, before: Carrying, connection: Connection, asks: NatAsk[]): NatConnection {
  const { terms, isLingering } = state;
  let { isDelivered, final, lookMs } = before;
  if (!isDelivered && hasDelivered(terms, connection)) {
    isDelivered = true;
    const counts = countsOf(terms, connection);
    if (counts && counts.bytesDown > counts.bytesUp) final = counts;
    asks.push({ kind: "report", event: { kind: "delivered" } });
  }
  const isOver = isComplete(connection) || connection.state === tcpStates.close;
  // That the last bytes have been acknowledged is told by no event.
  if (!isOver && (connection.state === tcpStates.timeWait || (isLingering && !isDelivered))) {
    asks.push({ kind: "look in", ms: lookMs });
    lookMs = Math.min(lookMs * 2, lookAgainMs.last);
  }
  const phase: Carrying = { ...before, last: connection, isDelivered, final, lookMs };
  if (!isOver) return { ...state, phase };
  return ended(state, phase, asks, isComplete(connection) ? "complete" : resetBy(terms, connection));
}

function answered(
  state: NatConnection,
  phase: Carrying,
  question: NatQuestion,
  connection: Connection | undefined,
  asks: NatAsk[],
): NatConnection {
  switch (question.why) {
    case "look":
      if (connection) return carry(state, phase, connection, asks);
      return ended(state, phase, asks, "aborted", "connection tracking forgot it");
    case "refresh":
      // That it is gone is told elsewhere.
      return withCounts(state, countsOf(state.terms, connection));
    case "count":
      return close(withCounts(state, countsOf(state.terms, connection)), asks, question.outcome, question.detail);
    case "abort":
      if (connection === undefined) {
        return close(withCounts(state, countsOf(state.terms, phase.last) ?? phase.final), asks, question.outcome);
      }
      if (!phase.isDelivered && !hasCarriedAll(connection)) asks.push({ kind: "abort", connection });
      return ended(state, { ...phase, last: connection }, asks, question.outcome);
  }
}

function overdue(state: NatConnection, asks: NatAsk[]): NatConnection {
  const { phase, terms } = state;
  if (phase.name === "waiting") return close(state, asks, "expired");
  if (phase.name !== "connecting") return state;
  asks.push({ kind: "abort", connection: phase.last });
  const detail = `no answer from it within ${terms.connectMs / 1000} s`;
  return close(state, asks, `${terms.dialledSide}-unreachable`, detail);
}

function linger(state: NatConnection, ms: number, asks: NatAsk[]): NatConnection {
  const { phase } = state;
  if (phase.name === "closed") return state;
  if (phase.name === "carrying") asks.push({ kind: "limit stall", ms });
  if (phase.name === "waiting") asks.push({ kind: "shorten wait", ms });
  asks.push({ kind: "inquire" });
  const [expiryMs, patienceMs] = [Math.min(state.expiryMs, ms), Math.min(state.patienceMs, ms)];
  return { ...state, stallMs: ms, expiryMs, patienceMs, isLingering: true };
}

function release(state: NatConnection, asks: NatAsk[]): NatConnection {
  const { phase } = state;
  switch (phase.name) {
    case "opening":
      return { ...state, phase: { name: "opening", isReleased: true } };
    case "connecting":
    case "joined":
      asks.push({ kind: "abort", connection: phase.last });
      return close(state, asks, "released");
    case "waiting":
      return close(state, asks, "released");
    case "carrying":
      asks.push(find(phase, { why: "abort", outcome: "aborted" }));
      return state;
    case "closed":
      return state;
  }
}
