// Loop carriage: carrying between two streams on the loop, by system calls. What it does is what relay-carriage.ts does with Node's sockets.
import { interests, type Ready } from "../../sockets/loop/poller.ts";
import {
  closeStream,
  endStream,
  failureOf,
  guardStream,
  makePrompt,
  resetStream,
  setInterest,
  type Stream,
  unwatchStream,
  watchStream,
} from "../../sockets/loop/stream.ts";
import type { ByteCounts, Side } from "../pinhole.ts";
import type { Carriage, CarriageEnd, CarriageEvents, Carry, HeldLegs, HoldingCarriage } from "../userspace/carriage.ts";
import type { Bulk } from "./bulk.ts";
import { createLoopFlow, enlarge, flush, giveBack, type LoopFlow, movedBy, pump } from "./loop-flow.ts";
import type { ReadBuffers } from "./read-buffers.ts";

/** One connection that is carried here, or was before it moved. */
type Relayed = {
  readonly client: Stream;
  readonly server: Stream;
  readonly up: LoopFlow;
  readonly down: LoopFlow;
  readonly buffers: ReadBuffers;
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
  /** Has our FIN. */
  hasClientFin: boolean;
  hasServerFin: boolean;
  /** Of the carrier for bulk, once it has moved. */
  taken: Carriage | undefined;
};

export function loopCarry(buffers: ReadBuffers, bulk?: Bulk): Carry<Stream> {
  return (legs, events) => carryOnLoop(legs, events, buffers, bulk);
}

function carryOnLoop(
  { client, server, isDownHeld }: HeldLegs<Stream>,
  events: CarriageEvents,
  buffers: ReadBuffers,
  bulk?: Bulk,
): HoldingCarriage {
  const relayed: Relayed = {
    client,
    server,
    up: createLoopFlow(client, server, buffers),
    down: createLoopFlow(server, client, buffers),
    buffers,
    events,
    bulk,
    phase: "flowing",
    end: "complete",
    detail: undefined,
    isDownHeld,
    isUnused: false,
    hasClientFin: false,
    hasServerFin: false,
    taken: undefined,
  };
  watchStream(client, readable, relayed, clientReady);
  watchStream(server, isDownHeld ? interests.none : readable, relayed, serverReady);
  return {
    counts: () => countsOf(relayed),
    abort: () => abort(relayed),
    releaseHeld() {
      if (!relayed.isDownHeld || relayed.phase !== "flowing") return;
      relayed.isDownHeld = false;
      listen(relayed, "server");
    },
    closeUnused() {
      if (relayed.phase !== "flowing" || relayed.up.bytes + relayed.down.bytes > 0) return;
      relayed.end = "aborted";
      relayed.isUnused = true;
      finish(relayed);
    },
  };
}

const readable = interests.read | interests.end;

const clientReady: Ready<Relayed> = (relayed, isReadable, isWritable, isBroken, hasEnded) => {
  if (isWritable) drain(relayed, relayed.down, "client");
  if (mayRead(relayed, relayed.up)) {
    if (isReadable || hasEnded) carry(relayed, relayed.up, "client", hasEnded);
  } else if (isBroken) unwatchStream(relayed.client);
};

const serverReady: Ready<Relayed> = (relayed, isReadable, isWritable, isBroken, hasEnded) => {
  if (isWritable) drain(relayed, relayed.up, "server");
  if (mayRead(relayed, relayed.down)) {
    if (isReadable || hasEnded) carry(relayed, relayed.down, "server", hasEnded);
  } else if (isBroken) unwatchStream(relayed.server);
};

function mayRead(relayed: Relayed, flow: LoopFlow): boolean {
  if (relayed.phase !== "flowing" || flow.hasEnded || flow.unsent.length > 0) return false;
  return !relayed.isDownHeld || flow !== relayed.down;
}

/** `side`: that which the flow reads from. */
function carry(relayed: Relayed, flow: LoopFlow, side: Side, isEndNear: boolean): void {
  settled(relayed, flow, side, pump(flow, relayed.buffers, isEndNear));
}

/** `to`: the side that the flow writes to, which takes bytes again. */
function drain(relayed: Relayed, flow: LoopFlow, to: Side): void {
  if (flow.unsent.length === 0 || (relayed.phase !== "flowing" && relayed.phase !== "breaking")) return;
  settled(relayed, flow, other(to), flush(flow));
}

/** What becomes of a flow after it has read or written. `result`: of its destination. */
function settled(relayed: Relayed, flow: LoopFlow, side: Side, result: number): void {
  if (relayed.phase === "breaking") {
    if (result < 0 || flow.unsent.length === 0) finish(relayed);
    return;
  }
  if (result < 0) return broke(relayed, other(side), "write", result);
  if (flow.broken < 0) return broke(relayed, side, "read", flow.broken);
  if (flow.unsent.length > 0) {
    listen(relayed, side);
    return listen(relayed, other(side));
  }
  if (flow.hasEnded) return giveEnd(relayed, flow, other(side));
  if (flow.isBulk) {
    if (relayed.bulk !== undefined && flow.bytes >= relayed.bulk.fromBytes && moveBulk(relayed)) return;
    enlarge(flow, relayed.buffers);
  }
  listen(relayed, side);
  listen(relayed, other(side));
}

/** What is to be told of a side: that it can be read, and that it takes bytes again. */
function listen(relayed: Relayed, side: Side): void {
  const { client, server, up, down } = relayed;
  const stream = side === "client" ? client : server;
  const [from, to] = side === "client" ? [up, down] : [down, up];
  const reading = mayRead(relayed, from) ? readable : interests.none;
  const interest = to.unsent.length > 0 ? reading | interests.write : reading;
  if (stream.interest !== undefined) setInterest(stream, interest);
  else if (interest !== interests.none)
    watchStream(stream, interest, relayed, side === "client" ? clientReady : serverReady);
}

/** All that the flow has read is with the kernel, and its source has ended. */
function giveEnd(relayed: Relayed, flow: LoopFlow, to: Side): void {
  const { up, down, events } = relayed;
  // Owed from now on: all that the kernel still has for it.
  guardStream(flow.to, false);
  if (to === "client") relayed.hasClientFin = true;
  else relayed.hasServerFin = true;
  const isOver = up.hasEnded && down.hasEnded && up.unsent.length + down.unsent.length === 0;
  // Closed at once otherwise, which says the same.
  if (!isOver) {
    endStream(flow.to);
    listen(relayed, other(to));
  }
  if (to === "client") events.delivered();
  if (isOver) finish(relayed);
}

function broke(relayed: Relayed, side: Side, call: string, result: number): void {
  relayed.end = `${side}-reset`;
  relayed.detail = `${call} ${failureOf(result)}`;
  relayed.phase = "breaking";
  const { client, server, up, down } = relayed;
  // Bytes towards the broken side no longer matter. Bytes from it are real: they go out before the reset.
  const [broken, whole, out] = side === "client" ? [client, server, up] : [server, client, down];
  if (out.unsent.length === 0 || whole.interest === undefined) return finish(relayed);
  unwatchStream(broken);
  setInterest(whole, interests.write);
}

function abort(relayed: Relayed): void {
  if (relayed.phase === "moved") return relayed.taken?.abort();
  // What broke first stays the reason.
  if (relayed.phase === "flowing") relayed.end = "aborted";
  finish(relayed);
}

/** False if the connection stays here, for now or for good. */
function moveBulk(relayed: Relayed): boolean {
  const { client, server, up, down, buffers, events, isDownHeld } = relayed;
  if (isDownHeld || up.unsent.length + down.unsent.length > 0) return false;
  unwatchStream(client);
  unwatchStream(server);
  makePrompt(client);
  makePrompt(server);
  relayed.taken = relayed.bulk?.take(
    {
      client: client.fd,
      server: server.fd,
      close(end, hasFin) {
        relayed.hasClientFin ||= hasFin.client;
        relayed.hasServerFin ||= hasFin.server;
        relayed.end = end;
        closeBoth(relayed);
      },
    },
    {
      delivered: events.delivered,
      ended: (how, counted, why) => events.ended(how, added(relayed, counted), why),
    },
  );
  if (relayed.taken !== undefined) {
    relayed.phase = "moved";
    giveBack(up, buffers);
    giveBack(down, buffers);
    return true;
  }
  relayed.bulk = undefined;
  return false;
}

function finish(relayed: Relayed): void {
  if (relayed.phase === "over") return;
  relayed.phase = "over";
  const { up, down, buffers, events, end, detail } = relayed;
  const carried = countsOf(relayed);
  closeBoth(relayed);
  giveBack(up, buffers);
  giveBack(down, buffers);
  events.ended(end, carried, detail);
}

function closeBoth(relayed: Relayed): void {
  closeSide(relayed, "client", relayed.client, relayed.hasClientFin);
  closeSide(relayed, "server", relayed.server, relayed.hasServerFin);
}

/** As `closeLegs` of leg.ts. */
function closeSide({ end, isUnused }: Relayed, side: Side, stream: Stream, hasFin: boolean): void {
  if (end === "complete" || (end === "aborted" && (hasFin || isUnused))) {
    if (!hasFin) guardStream(stream, false);
    closeStream(stream);
  } else if (end === `${side}-reset`) closeStream(stream);
  else resetStream(stream);
}

function countsOf(relayed: Relayed): ByteCounts {
  const { up, down, taken } = relayed;
  return taken === undefined ? { bytesUp: movedBy(up), bytesDown: movedBy(down) } : added(relayed, taken.counts());
}

/** What the carrier for bulk has carried, and what was carried here before the move. */
function added({ up, down }: Relayed, { bytesUp, bytesDown }: ByteCounts): ByteCounts {
  return { bytesUp: up.bytes + bytesUp, bytesDown: down.bytes + bytesDown };
}

function other(side: Side): Side {
  return side === "client" ? "server" : "client";
}
