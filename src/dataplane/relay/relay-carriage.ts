// Carrying by reads and writes of Node. No `pipe()`: one large reused read buffer is twice as fast at a third of the CPU.
import type { Socket } from "node:net";
import type {
  Carriage,
  CarriageEnd,
  CarriageEvents,
  Carry,
  HeldLegs,
  HoldingCarriage,
  JoinedLegs,
} from "../userspace/carriage.ts";
import { createFlow, type Flow } from "./flow.ts";
import { closeLegs } from "../userspace/leg.ts";
import { endLeg } from "../userspace/leg-guard.ts";
import type { ByteCounts, Side } from "../pinhole.ts";
import type { ReadBuffers } from "./read-buffers.ts";
import { hasTrulyEnded, readingSocket } from "../../sockets/reading-socket.ts";
import { unsentBytes } from "../../sockets/socket-options.ts";

/**
 * Takes over a connection that has turned out to carry bulk. Both sockets stand still: nothing is being read, nothing waits
 * to be written; a direction that has ended will show its end again. Undefined, and nothing touched, if it can't.
 */
export type TakeBulk = (legs: JoinedLegs, events: CarriageEvents) => Carriage | undefined;

/** `fromBytes`: what one direction carries here before it is worth the move. */
export type Bulk = { readonly fromBytes: number; readonly take: TakeBulk };

export function relayCarry(buffers: ReadBuffers, bulk?: Bulk): Carry {
  return (legs, events) => carryByReads(legs, events, buffers, bulk);
}

function carryByReads(legs: HeldLegs, events: CarriageEvents, buffers: ReadBuffers, bulk?: Bulk): HoldingCarriage {
  // `breaking`: one side has broken, and what was read from it is still on its way to the other.
  let phase: "flowing" | "breaking" | "moved" | "over" = "flowing";
  let end: CarriageEnd = "complete";
  let detail: string | undefined;
  let taken: Carriage | undefined;
  let isUnused = false;

  const up = createFlow(buffers, () => server, { readOn, flushed });
  const down = createFlow(buffers, () => client, { readOn, flushed });
  const client = readingSocket(legs.client, up.reads);
  const server = readingSocket(legs.server, down.reads);
  watch("client", client, up, server);
  watch("server", server, down, client);
  let isDownHeld = legs.isDownHeld;
  if (isDownHeld) server.pause();
  else startDown();

  return {
    counts,
    abort() {
      if (phase === "moved") return taken?.abort();
      // What broke first stays the reason.
      if (phase === "flowing") end = "aborted";
      finish();
    },
    releaseHeld() {
      if (!isDownHeld || phase !== "flowing") return;
      isDownHeld = false;
      server.resume();
      startDown();
    },
    closeUnused() {
      if (phase !== "flowing" || up.bytes + down.bytes > 0) return;
      end = "aborted";
      isUnused = true;
      finish();
    },
  };

  function counts(): ByteCounts {
    return taken === undefined ? { bytesUp: moved(up, server), bytesDown: moved(down, client) } : added(taken.counts());
  }

  /** What the carrier for bulk has carried, and what was carried here before the move. */
  function added({ bytesUp, bytesDown }: ByteCounts): ByteCounts {
    return { bytesUp: up.bytes + bytesUp, bytesDown: down.bytes + bytesDown };
  }

  function startDown() {
    if (legs.head !== undefined && !down.write(legs.head)) server.pause();
  }

  function watch(side: Side, socket: Socket, out: Flow, other: Socket) {
    socket.on("end", () => {
      if (phase !== "flowing") return;
      if (!hasTrulyEnded(socket)) return broke("read ECONNRESET");
      // Ended only when nothing waits: libuv refuses to reset a socket that still has to shut down after a write.
      if (!out.isBlocked) endLeg(other);
    });
    socket.on("finish", () => {
      if (phase !== "flowing") return;
      if (side === "client") events.delivered();
      if (other.writableFinished) finish();
    });
    socket.on("error", (error) => (phase === "flowing" ? broke(error.message) : finish()));

    function broke(why: string) {
      end = `${side}-reset`;
      detail = why;
      // Bytes towards the broken side no longer matter. Bytes from it are real: they go out before the reset.
      other.pause();
      phase = "breaking";
      if (!out.isBlocked || other.destroyed) finish();
    }
  }

  function readOn(flow: Flow): boolean {
    if (phase !== "flowing") return false;
    if (!flow.isBulk) return true;
    if (bulk !== undefined && flow.bytes >= bulk.fromBytes && moveBulk()) return false;
    flow.enlarge();
    return true;
  }

  function flushed(flow: Flow) {
    if (phase === "breaking") return finish();
    if (phase !== "flowing") return;
    const [from, to] = flow === up ? [client, server] : [server, client];
    if (from.readableEnded) endLeg(to);
    else if (readOn(flow)) from.resume();
  }

  /** False if the connection stays here, for now or for good. */
  function moveBulk(): boolean {
    if (isDownHeld) return false;
    const isShutting = (socket: Socket) => socket.writableEnded && !socket.writableFinished;
    if (up.isBlocked || down.isBlocked || isShutting(client) || isShutting(server)) return false;
    client.pause();
    server.pause();
    taken = bulk?.take(
      { client, server },
      {
        delivered: events.delivered,
        ended: (how, counted, why) => events.ended(how, added(counted), why),
      },
    );
    if (taken !== undefined) {
      phase = "moved";
      up.close();
      down.close();
      return true;
    }
    bulk = undefined;
    client.resume();
    server.resume();
    return false;
  }

  function finish() {
    if (phase === "over") return;
    phase = "over";
    const carried = counts();
    closeLegs(end, {
      client: { socket: client, hasFin: isUnused || client.writableEnded },
      server: { socket: server, hasFin: isUnused || server.writableEnded },
    });
    up.close();
    down.close();
    events.ended(end, carried, detail);
  }
}

/** Bytes that the kernel has taken. */
function moved(flow: Flow, to: Socket): number {
  return flow.bytes - unsentBytes(to);
}
