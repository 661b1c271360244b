// Data connection: one connection through this process, as a pure machine. It decides in which order its legs come about and
// how it ends; from a state and an input (of a leg, the carriage, a timer, the owner) it makes the next state and what is to be
// asked of the driver (data-pinhole.ts). It is opening → waiting (for peers, for the owner's word) → joined → carrying → closed.
import type { Endpoint } from "../../net/endpoint.ts";
import type { ByteCounts, PinholeOutcome, PinholeRequest, PlaneName, Side } from "../pinhole.ts";
import type { DataAsk, DataInput } from "./data-events.ts";

type Phase =
  /** Until every listening leg listens. */
  | {
      readonly name: "opening";
      readonly endpoints: Readonly<Partial<Record<Side, Endpoint>>>;
      readonly isReleased: boolean;
    }
  /** `dialled`: whose connection was asked for. */
  | { readonly name: "waiting"; readonly connected: readonly Side[]; readonly dialled: readonly Side[] }
  /** Until the owner, who may release it in answer, has heard of it. */
  | { readonly name: "joined" }
  /** `verdict`: what it is reported as if the carriage is aborted. */
  | {
      readonly name: "carrying";
      readonly isDelivered: boolean;
      readonly verdict: PinholeOutcome;
      readonly detail?: string | undefined;
    }
  | { readonly name: "closed" };

type Waiting = Extract<Phase, { name: "waiting" }>;
type Carrying = Extract<Phase, { name: "carrying" }>;

export type DataConnection = {
  readonly plane: PlaneName;
  /** Sides whose leg listens; the others are dialled. */
  readonly listening: readonly Side[];
  readonly phase: Phase;
  readonly expiryMs: number;
  /** Instead of it once the transfer has begun: its peers may take as long to come as it may stall. */
  readonly patienceMs: number;
  readonly stallMs: number;
  readonly isStarted: boolean;
  readonly isConfirmed: boolean;
};

/** From the start of a transfer that nobody announces until the server's bytes go to the client all the same. */
const holdLimitMs = 1000;
const noBytes: ByteCounts = { bytesUp: 0, bytesDown: 0 };

export function startDataConnection(
  plane: PlaneName,
  { expiryMs, stallMs }: Pick<PinholeRequest, "expiryMs" | "stallMs">,
  listening: readonly Side[],
): DataConnection {
  const phase: Phase = { name: "opening", endpoints: {}, isReleased: false };
  const patienceMs = Math.max(expiryMs, stallMs);
  return { plane, listening, phase, expiryMs, patienceMs, stallMs, isStarted: false, isConfirmed: false };
}

/** Total: any input in any state is answered, and what comes too late is ignored. */
export function stepDataConnection(state: DataConnection, input: DataInput): [DataConnection, readonly DataAsk[]] {
  const asks: DataAsk[] = [];
  return [advance(state, input, asks), asks];
}

function advance(state: DataConnection, input: DataInput, asks: DataAsk[]): DataConnection {
  const { phase } = state;
  switch (input.kind) {
    case "open":
      if (phase.name !== "opening") return state;
      if (state.listening.length === 0) return opened(state, asks);
      asks.push({ kind: "listen", sides: state.listening });
      return state;
    case "listening":
      return phase.name === "opening"
        ? listens(state, { ...phase.endpoints, [input.side]: input.endpoint }, asks)
        : state;
    case "refused":
      if (phase.name !== "opening") return state;
      asks.push({ kind: "clear" }, { kind: "report", event: input });
      return { ...state, phase: { name: "closed" } };
    case "stranger":
      if (phase.name === "waiting") asks.push({ kind: "report", event: { ...input, kind: "stranger" } });
      return state;
    case "admitted":
      return admitted(state, input.side, input.from, asks);
    case "connected":
      return connected(state, input, asks);
    case "failed":
      if (phase.name !== "waiting") return state;
      return close(state, asks, `${input.side}-${input.wasReached ? "reset" : "unreachable"}`, input.detail);
    case "heard":
      return dialOnce(state, "client", asks);
    case "broken":
      return phase.name === "waiting" ? close(state, asks, "server-reset", input.detail) : state;
    case "proceed":
      return phase.name === "joined" ? carry(state, asks) : state;
    case "delivered":
      if (phase.name !== "carrying" || phase.isDelivered) return state;
      asks.push({ kind: "report", event: { kind: "delivered" } });
      return { ...state, phase: { ...phase, isDelivered: true } };
    case "ended":
      if (phase.name !== "carrying") return state;
      if (input.end !== "aborted") return close(state, asks, input.end, input.detail, input.counts);
      return close(state, asks, phase.verdict, input.detail ?? phase.detail, input.counts);
    case "overdue":
      return phase.name === "waiting" ? close(state, asks, "expired") : state;
    case "stalled":
      if (phase.name === "carrying") return abort(state, { ...phase, detail: input.detail }, "stalled", asks);
      return phase.name === "waiting" ? close(state, asks, "stalled") : state;
    case "start":
      return start({ ...state, isStarted: true }, asks);
    case "confirm":
      return confirm({ ...state, isConfirmed: true }, asks);
    case "linger":
      return linger(state, input.ms, asks);
    case "release":
      return release(state, asks);
    case "dismiss":
      if (phase.name !== "opening" && phase.name !== "closed") asks.push({ kind: "close unused" });
      return release(state, asks);
  }
}

function listens(state: DataConnection, endpoints: Partial<Record<Side, Endpoint>>, asks: DataAsk[]): DataConnection {
  const { phase, listening } = state;
  if (phase.name !== "opening") return state;
  const now = { ...state, phase: { ...phase, endpoints } };
  return listening.every((side) => endpoints[side] !== undefined) ? opened(now, asks) : now;
}

function opened(state: DataConnection, asks: DataAsk[]): DataConnection {
  const { phase, plane, expiryMs } = state;
  if (phase.name !== "opening") return state;
  asks.push({ kind: "wait", ms: expiryMs });
  asks.push({ kind: "report", event: { kind: "opened", plane, ...phase.endpoints } });
  const waiting: DataConnection = { ...state, phase: { name: "waiting", connected: [], dialled: [] } };
  if (phase.isReleased) return close(waiting, asks, "released");
  return state.isStarted ? start(waiting, asks) : waiting;
}

function admitted(state: DataConnection, side: Side, from: Endpoint, asks: DataAsk[]): DataConnection {
  const { phase, listening } = state;
  if (phase.name !== "waiting") {
    asks.push({ kind: "reset leg", side });
    return state;
  }
  asks.push({ kind: "report", event: { kind: "admitted", side, from } });
  const now = withConnected(state, phase, side);
  const other = side === "client" ? "server" : "client";
  if (listening.includes(other)) return joinIfBoth(now, asks);
  asks.push({ kind: "stop waiting" });
  return dialOnce(now, other, asks);
}

function connected(
  state: DataConnection,
  { side, otherPort }: Extract<DataInput, { kind: "connected" }>,
  asks: DataAsk[],
): DataConnection {
  const { phase } = state;
  if (phase.name !== "waiting") {
    asks.push({ kind: "reset leg", side });
    return state;
  }
  if (otherPort) asks.push({ kind: "report", event: { kind: "other-source-port", side, ...otherPort } });
  const now = withConnected(state, phase, side);
  return phase.connected.length === 0 ? awaitWord(now, asks) : joinIfBoth(now, asks);
}

/** Both dialled, the server's leg connected: its data or its end are as good as the owner's word. */
function awaitWord(state: DataConnection, asks: DataAsk[]): DataConnection {
  asks.push({ kind: "stop waiting" }, { kind: "watch stall", ms: state.stallMs });
  asks.push({ kind: "report", event: { kind: "reached", side: "server" } });
  if (state.isConfirmed) return dialOnce(state, "client", asks);
  asks.push({ kind: "watch server" });
  return state;
}

function withConnected(state: DataConnection, phase: Waiting, side: Side): DataConnection {
  return { ...state, phase: { ...phase, connected: [...phase.connected, side] } };
}

function dialOnce(state: DataConnection, side: Side, asks: DataAsk[]): DataConnection {
  const { phase } = state;
  if (phase.name !== "waiting" || phase.dialled.includes(side)) return state;
  asks.push({ kind: "dial", side });
  return { ...state, phase: { ...phase, dialled: [...phase.dialled, side] } };
}

function joinIfBoth(state: DataConnection, asks: DataAsk[]): DataConnection {
  if (state.phase.name !== "waiting" || state.phase.connected.length < 2) return state;
  asks.push({ kind: "report", event: { kind: "joined" } }, { kind: "proceed" });
  return { ...state, phase: { name: "joined" } };
}

function carry(state: DataConnection, asks: DataAsk[]): DataConnection {
  asks.push({ kind: "stop waiting" });
  asks.push({ kind: "carry", isDownHeld: !state.isConfirmed }, { kind: "watch stall", ms: state.stallMs });
  const carrying: DataConnection = { ...state, phase: { name: "carrying", isDelivered: false, verdict: "aborted" } };
  return state.isStarted ? start(carrying, asks) : carrying;
}

function start(state: DataConnection, asks: DataAsk[]): DataConnection {
  if (state.listening.length === 0) return dialOnce(state, "server", asks);
  if (state.phase.name !== "carrying" || state.isConfirmed) return state;
  // A server that announces nothing at all must not wait for ever.
  asks.push({ kind: "begin" }, { kind: "release held in", ms: holdLimitMs });
  return state;
}

function confirm(state: DataConnection, asks: DataAsk[]): DataConnection {
  const { phase, listening } = state;
  if (phase.name === "carrying") asks.push({ kind: "release held" });
  if (phase.name === "waiting" && listening.length > 0) asks.push({ kind: "extend wait", ms: state.patienceMs });
  const isServerThere = phase.name === "waiting" && phase.connected.includes("server");
  return listening.length === 0 && isServerThere ? dialOnce(state, "client", asks) : state;
}

function linger(state: DataConnection, ms: number, asks: DataAsk[]): DataConnection {
  if (state.phase.name === "closed") return state;
  asks.push({ kind: "limit stall", ms }, { kind: "shorten wait", ms });
  return { ...state, stallMs: ms, expiryMs: Math.min(state.expiryMs, ms), patienceMs: Math.min(state.patienceMs, ms) };
}

function release(state: DataConnection, asks: DataAsk[]): DataConnection {
  const { phase } = state;
  if (phase.name === "opening") return { ...state, phase: { ...phase, isReleased: true } };
  return phase.name === "carrying" ? abort(state, phase, "aborted", asks) : close(state, asks, "released");
}

function abort(state: DataConnection, phase: Carrying, verdict: PinholeOutcome, asks: DataAsk[]): DataConnection {
  asks.push({ kind: "abort" });
  return { ...state, phase: { ...phase, verdict } };
}

function close(
  state: DataConnection,
  asks: DataAsk[],
  outcome: PinholeOutcome,
  detail?: string,
  counts = noBytes,
): DataConnection {
  if (state.phase.name === "closed") return state;
  asks.push({ kind: "close", outcome, detail, counts });
  return { ...state, phase: { name: "closed" } };
}
