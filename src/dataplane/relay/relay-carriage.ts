// Relay carriage: carrying by reads and writes of Node. No `pipe()`: one large reused read buffer is twice as fast at a
// third of the CPU.
import type { Socket } from "node:net";
import type { Carriage, CarriageEnd, CarriageEvents, Carry, HeldLegs, HoldingCarriage } from "../userspace/carriage.ts";
import type { Bulk } from "./bulk.ts";
import { createFlow, type Flow, type FlowEvents } from "./flow.ts";
import { closeLegs } from "../userspace/leg.ts";
import { endLeg } from "../userspace/leg-guard.ts";
import type { ByteCounts, Side } from "../pinhole.ts";
import { lentSockets } from "./lent-sockets.ts";
import type { ReadBuffers } from "./read-buffers.ts";
import { hasTrulyEnded, readingSocket } from "../../sockets/reading-socket.ts";
import { unsentBytes } from "../../sockets/socket-options.ts";

/** One connection that is carried here, or was before it moved. */
type Relayed = {
  readonly client: Socket;
  readonly server: Socket;
  readonly up: Flow;
  readonly down: Flow;
  readonly head: Buffer | undefined;
  readonly events: CarriageEvents;
  /** Cleared where it can't be used. */
  bulk: Bulk | undefined;
  /** `breaking`: one side has broken, and what was read from it is still on its way to the other. */
  phase: "flowing" | "breaking" | "moved" | "over";
  end: CarriageEnd;
  detail: string | undefined;
  isDownHeld: boolean;
  /** It ends as unused: both legs are closed in order. */
  isUnused: boolean;
  /** Of the carrier for bulk, once it has moved. */
  taken: Carriage | undefined;
};

export function relayCarry(buffers: ReadBuffers, bulk?: Bulk): Carry {
  return (legs, events) => carryByReads(legs, events, buffers, bulk);
}

function carryByReads(legs: HeldLegs, events: CarriageEvents, buffers: ReadBuffers, bulk?: Bulk): HoldingCarriage {
  const flowEvents: FlowEvents = {
    readOn: (flow) => readOn(relayed, flow),
    flushed: (flow) => flushed(relayed, flow),
  };
  const up = createFlow(buffers, () => relayed.server, flowEvents);
  const down = createFlow(buffers, () => relayed.client, flowEvents);
  const relayed: Relayed = {
    client: readingSocket(legs.client, up.reads),
    server: readingSocket(legs.server, down.reads),
    up,
    down,
    head: legs.head,
    events,
    bulk,
    phase: "flowing",
    end: "complete",
    detail: undefined,
    isDownHeld: legs.isDownHeld,
    isUnused: false,
    taken: undefined,
  };
  watch(relayed, "client");
  watch(relayed, "server");
  if (relayed.isDownHeld) relayed.server.pause();
  else startDown(relayed);
  return {
    counts: () => countsOf(relayed),
    abort: () => abort(relayed),
    releaseHeld: () => releaseHeld(relayed),
    closeUnused: () => closeUnused(relayed),
  };
}

function abort(relayed: Relayed): void {
  if (relayed.phase === "moved") return relayed.taken?.abort();
  // What broke first stays the reason.
  if (relayed.phase === "flowing") relayed.end = "aborted";
  finish(relayed);
}

function releaseHeld(relayed: Relayed): void {
  if (!relayed.isDownHeld || relayed.phase !== "flowing") return;
  relayed.isDownHeld = false;
  relayed.server.resume();
  startDown(relayed);
}

function closeUnused(relayed: Relayed): void {
  if (relayed.phase !== "flowing" || relayed.up.bytes + relayed.down.bytes > 0) return;
  relayed.end = "aborted";
  relayed.isUnused = true;
  finish(relayed);
}

function startDown({ head, down, server }: Relayed): void {
  if (head !== undefined && !down.write(head)) server.pause();
}

function watch(relayed: Relayed, side: Side): void {
  const { client, server, up, down, events } = relayed;
  const [socket, out, other] = side === "client" ? [client, up, server] : [server, down, client];
  socket.on("end", () => {
    if (relayed.phase !== "flowing") return;
    if (!hasTrulyEnded(socket)) return broke("read ECONNRESET");
    // Ended only when nothing waits: libuv refuses to reset a socket that still has to shut down after a write.
    if (!out.isBlocked) endLeg(other);
  });
  socket.on("finish", () => {
    if (relayed.phase !== "flowing") return;
    if (side === "client") events.delivered();
    if (other.writableFinished) finish(relayed);
  });
  socket.on("error", (error) => (relayed.phase === "flowing" ? broke(error.message) : finish(relayed)));

  function broke(why: string) {
    relayed.end = `${side}-reset`;
    relayed.detail = why;
    // Bytes towards the broken side no longer matter. Bytes from it are real: they go out before the reset.
    other.pause();
    relayed.phase = "breaking";
    if (!out.isBlocked || other.destroyed) finish(relayed);
  }
}

function readOn(relayed: Relayed, flow: Flow): boolean {
  if (relayed.phase !== "flowing") return false;
  if (!flow.isBulk) return true;
  if (relayed.bulk !== undefined && flow.bytes >= relayed.bulk.fromBytes && moveBulk(relayed)) return false;
  flow.enlarge();
  return true;
}

function flushed(relayed: Relayed, flow: Flow): void {
  const { phase, client, server, up } = relayed;
  if (phase === "breaking") return finish(relayed);
  if (phase !== "flowing") return;
  const [from, to] = flow === up ? [client, server] : [server, client];
  if (from.readableEnded) endLeg(to);
  else if (readOn(relayed, flow)) from.resume();
}

/** False if the connection stays here, for now or for good. */
function moveBulk(relayed: Relayed): boolean {
  const { client, server, up, down, events } = relayed;
  if (relayed.isDownHeld) return false;
  const isShutting = (socket: Socket) => socket.writableEnded && !socket.writableFinished;
  if (up.isBlocked || down.isBlocked || isShutting(client) || isShutting(server)) return false;
  client.pause();
  server.pause();
  const lent = lentSockets({ client, server });
  relayed.taken =
    lent &&
    relayed.bulk?.take(lent, {
      delivered: events.delivered,
      ended: (how, counted, why) => events.ended(how, added(relayed, counted), why),
    });
  if (relayed.taken !== undefined) {
    relayed.phase = "moved";
    up.close();
    down.close();
    return true;
  }
  relayed.bulk = undefined;
  client.resume();
  server.resume();
  return false;
}

function finish(relayed: Relayed): void {
  if (relayed.phase === "over") return;
  relayed.phase = "over";
  const { client, server, up, down, events, end, detail, isUnused } = relayed;
  const carried = countsOf(relayed);
  closeLegs(end, {
    client: { socket: client, hasFin: isUnused || client.writableEnded },
    server: { socket: server, hasFin: isUnused || server.writableEnded },
  });
  up.close();
  down.close();
  events.ended(end, carried, detail);
}

function countsOf(relayed: Relayed): ByteCounts {
  const { client, server, up, down, taken } = relayed;
  return taken === undefined
    ? { bytesUp: moved(up, server), bytesDown: moved(down, client) }
    : added(relayed, taken.counts());
}

/** What the carrier for bulk has carried, and what was carried here before the move. */
function added({ up, down }: Relayed, { bytesUp, bytesDown }: ByteCounts): ByteCounts {
  return { bytesUp: up.bytes + bytesUp, bytesDown: down.bytes + bytesDown };
}

/** Bytes that the kernel has taken. */
function moved(flow: Flow, to: Socket): number {
  return flow.bytes - unsentBytes(to);
}
