// Secure carriage: carrying between two legs of which one or both run TLS. It starts with the handshakes; bytes flow once both legs are
// ready. A leg under TLS has ended completely when TLS has ended on it, and not with TCP alone.
import type { Socket } from "node:net";
import { hasTrulyEnded, readingSocket } from "../../sockets/reading-socket.ts";
import { watchHandshake } from "../../tls/handshake.ts";
import type { LegTls, OpenLeg } from "../../tls/leg-tls.ts";
import type { Side } from "../pinhole.ts";
import type { CarriageEnd } from "../userspace/carriage.ts";
import type { ClosedLeg } from "../userspace/leg.ts";
import { endLeg } from "../userspace/leg-guard.ts";
import { createFlow } from "./flow.ts";
import { createGatheredFlow } from "./gathered-flow.ts";
import type { ReadBuffers } from "./read-buffers.ts";
import { hasFinished, isOver, type SecureLeg as Leg } from "./secure-leg.ts";
import type { SecureCarriage, SecureCarriageEvents, SecurePair } from "./secure-pair.ts";

type State = {
  readonly pair: SecurePair;
  readonly events: SecureCarriageEvents;
  readonly legs: Record<Side, Leg>;
  /** `breaking`: one side has broken, and what was read from it is still on its way to the other. */
  phase: "opening" | "flowing" | "breaking" | "over";
  end: CarriageEnd;
  detail: string | undefined;
  broken: Side | undefined;
  isDownload: boolean;
};

const other = { client: "server", server: "client" } as const;

/** The sockets have not been read. No event comes during the call. */
export function carrySecurely(
  pair: SecurePair,
  events: SecureCarriageEvents,
  { buffers, openLeg }: { readonly buffers: ReadBuffers; readonly openLeg: OpenLeg },
): SecureCarriage {
  const make = (side: Side): Leg =>
    pair.isSecured[side] ? securedLeg(() => state, side) : clearLeg(() => state, side, buffers);
  const state: State = {
    pair,
    events,
    legs: {} as Record<Side, Leg>,
    phase: "opening",
    end: "complete",
    detail: undefined,
    broken: undefined,
    isDownload: false,
  };
  state.legs.client = make("client");
  state.legs.server = make("server");
  return {
    ready(side, tls) {
      if (state.phase !== "opening") return;
      if (tls !== undefined) return shakeHands(state, side, tls, openLeg);
      watch(state, side);
      becomeReady(state, side);
    },
    abort() {
      // What broke first stays the reason.
      if (state.phase !== "breaking") state.end = "aborted";
      finish(state);
    },
    closeUnused() {
      if (state.phase === "breaking" || moved(state, "client") + moved(state, "server") > 0) return;
      state.end = "aborted";
      finish(state, true);
    },
  };
}

function shakeHands(state: State, side: Side, tls: LegTls, openLeg: OpenLeg): void {
  const leg = state.legs[side];
  const { socket, refusal, end } = openLeg(state.pair[side], tls, state.events.learned);
  leg.tolerates = tls.truncation === "tolerate";
  if (tls.isDownload === true) state.isDownload = true;
  leg.socket = socket;
  leg.tlsEnd = end;
  watchHandshake(socket, refusal, {
    secured({ version, cipher, resumed, durationMs }) {
      if (state.phase === "over") return;
      state.events.secured(side, { version, cipher, resumed, durationMs });
      watch(state, side);
      becomeReady(state, side);
    },
    failed({ cause, detail }) {
      if (state.phase === "over") return;
      state.end = `${side}-tls-failed`;
      state.detail = `${cause}: ${detail}`;
      finish(state);
    },
  });
}

function becomeReady(state: State, side: Side): void {
  const { client, server } = state.legs;
  state.legs[side].isReady = true;
  if (state.phase !== "opening" || !client.isReady || !server.isReady) return;
  state.phase = "flowing";
  for (const one of ["client", "server"] as const) {
    const { socket, lane } = state.legs[one];
    if (socket.destroyed) peerClosed(state, one, "read ECONNRESET");
    // An empty file has ended before anybody has asked for it.
    else if (socket.readableEnded) peerEnded(state, one);
    else lane.resume();
  }
}

/** Read as streams are, out of TLS. */
function securedLeg(state: () => State, side: Side): Leg {
  const destination = (): Socket => state().legs[other[side]].socket;
  const flow = createGatheredFlow(destination, {
    blocked: () => leg.socket.pause(),
    flushed() {
      flushed(state(), side);
    },
  });
  const leg: Leg = {
    socket: state().pair[side],
    tlsEnd: undefined,
    ...{ tolerates: false, isReady: false, hasEnded: false, isGone: false },
    lane: {
      bytes: () => flow.bytes,
      hasUnsent: flow.hasUnsent,
      resume() {
        if (leg.socket.listenerCount("data") === 0) {
          leg.socket.on("data", (chunk: Buffer) => {
            if (state().phase !== "flowing") return;
            flow.write(chunk);
            count(state(), side);
          });
        }
        leg.socket.resume();
      },
      pause: () => void leg.socket.pause(),
      close() {},
    },
  };
  return leg;
}

/** Read into one large buffer, in clear. */
function clearLeg(state: () => State, side: Side, buffers: ReadBuffers): Leg {
  const flow = createFlow(buffers, () => state().legs[other[side]].socket, {
    readOn(self) {
      count(state(), side);
      if (self.isBulk) self.enlarge();
      return state().phase === "flowing";
    },
    // TLS never takes at once what it is given, so this is where nearly every read ends.
    flushed(self) {
      if (self.isBulk) self.enlarge();
      flushed(state(), side);
    },
  });
  const socket = readingSocket(state().pair[side], flow.reads).pause();
  return {
    socket,
    tlsEnd: undefined,
    ...{ tolerates: false, isReady: false, hasEnded: false, isGone: false },
    lane: {
      bytes: () => flow.bytes,
      hasUnsent: () => flow.isBlocked,
      resume: () => void socket.resume(),
      pause: () => void socket.pause(),
      close: () => flow.close(),
    },
  };
}

function watch(state: State, side: Side): void {
  const leg = state.legs[side];
  const { socket } = leg;
  socket.on("end", () => peerEnded(state, side));
  socket.on("finish", () => {
    if (state.phase !== "flowing") return;
    if (side === "client") state.events.delivered();
    if (hasFinished(state.legs[other[side]])) finish(state);
  });
  socket.on("error", (error) => peerClosed(state, side, error.message));
  // Behind TLS a reset may come without an error.
  socket.on("close", () => peerClosed(state, side, "read ECONNRESET"));
}

function peerEnded(state: State, side: Side): void {
  const leg = state.legs[side];
  if (state.phase !== "flowing" || leg.hasEnded) return;
  const why = whyBroken(state, side, leg);
  if (why !== undefined) return broke(state, side, why);
  leg.hasEnded = true;
  if (!leg.lane.hasUnsent()) endOther(state, side);
}

/**
 * A leg that closes when both of its directions have ended is no break, nor is a reset behind a peer's close_notify, if all that it said was
 * read and nothing is on its way to it.
 */
function peerClosed(state: State, side: Side, why: string): void {
  const leg = state.legs[side];
  const opposite = state.legs[other[side]];
  const hasSaidAll = isOver(leg) || (leg.tlsEnd?.() === "close-notify" && leg.socket.readableLength === 0);
  // It is looked at again once both legs are ready.
  if (state.phase === "opening" && hasSaidAll) return;
  if (state.phase !== "flowing" || !hasSaidAll || opposite.lane.hasUnsent()) {
    return broke(state, side, { end: `${side}-reset`, detail: why });
  }
  leg.isGone = true;
  if (!leg.hasEnded) {
    leg.hasEnded = true;
    if (!leg.lane.hasUnsent()) endOther(state, side);
  }
  if (hasFinished(opposite)) finish(state);
}

type Break = { readonly end: CarriageEnd; readonly detail: string };

function whyBroken(state: State, side: Side, { socket, lane, tlsEnd, tolerates }: Leg): Break | undefined {
  if (tlsEnd === undefined) {
    return hasTrulyEnded(socket) ? undefined : { end: `${side}-reset`, detail: "read ECONNRESET" };
  }
  const giver = state.legs[other[side]];
  // Who was given everything and has said nothing has nothing that could be missing (gnutls-cli after a download).
  const hasOnlyTaken = giver.hasEnded && !giver.lane.hasUnsent() && lane.bytes() === 0;
  if (tlsEnd() === "close-notify" || hasOnlyTaken) return undefined;
  if (!tolerates) return { end: "tls-truncated", detail: `${side}: the end came without close_notify` };
  state.events.noCloseNotify(side);
  return undefined;
}

/** Bytes towards the broken side no longer matter. Bytes from it are real: they go out before the reset. */
function broke(state: State, side: Side, { end, detail }: Break): void {
  if (state.broken === side) return;
  if (state.phase === "breaking" || state.phase === "over") return finish(state);
  const isOpening = state.phase === "opening";
  state.broken = side;
  state.end = end;
  state.detail = detail;
  state.legs[other[side]].lane.pause();
  state.phase = "breaking";
  if (isOpening || !state.legs[side].lane.hasUnsent() || state.legs[other[side]].socket.destroyed) finish(state);
}

function flushed(state: State, side: Side): void {
  count(state, side);
  if (state.phase === "breaking") return finish(state);
  if (state.phase !== "flowing") return;
  if (state.legs[side].hasEnded) endOther(state, side);
  else state.legs[side].lane.resume();
}

/**
 * A client that ends before the file does (curl, an empty one) is held back where TLS is spoken: a server that closes with our close_notify
 * unread resets, and may lose its own.
 */
function endOther({ legs, isDownload }: State, side: Side): void {
  if (side === "client" && isDownload && !legs.server.hasEnded) return;
  const ending =
    side === "server" && isDownload && legs.client.hasEnded ? [legs.client, legs.server] : [legs[other[side]]];
  for (const { socket } of ending) if (!socket.writableEnded && !socket.destroyed) endLeg(socket);
}

/** What was read from that side and is with the kernel, or at least with TLS. */
function moved({ legs }: State, side: Side): number {
  return legs[side].lane.bytes() - legs[other[side]].socket.writableLength;
}

/** Never falls. */
function count(state: State, side: Side): void {
  const { counters } = state.pair;
  const at = side === "client" ? 0 : 1;
  counters[at] = Math.max(counters[at] ?? 0, moved(state, side));
}

function finish(state: State, isUnused = false): void {
  if (state.phase === "over") return;
  state.phase = "over";
  const { client, server } = state.legs;
  count(state, "client");
  count(state, "server");
  const closed = (side: Side): ClosedLeg => {
    const { socket } = state.legs[side];
    const beneath = state.pair.isSecured[side] ? { tcp: state.pair[side] } : {};
    return { socket, ...beneath, hasFin: isUnused || socket.writableEnded };
  };
  state.events.ended(state.end, { client: closed("client"), server: closed("server") }, state.detail);
  client.lane.close();
  server.lane.close();
}
