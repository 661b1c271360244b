// Secure transport: TLS in the middle of a connection that its owner holds as a transport. The record stays; what is beneath changes.
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { createRecordFeed } from "./record-feed.ts";
import { movedSocket } from "./reading-socket.ts";
import { resetSocket } from "./reset-socket.ts";
import { failureCode } from "./socket-ends.ts";
import { descriptorOf } from "./socket-handle.ts";
import { originalDestination, watchUnacknowledged } from "./socket-options.ts";
import {
  closingGraceMs,
  type Connection,
  discardedBytes,
  receive,
  type Transport,
  type Ways,
  sharedMemory,
  hasInput,
} from "./transport.ts";

export type SecuredConnection = {
  readonly socket: TLSSocket;
  /** The handshake is done: what the peer says is heard from now on, and what breaks is told of. */
  begin(): void;
  /**
   * Where `mayEnd` was said: our close_notify goes out behind what was sent, the peer's is waited for, and clear text goes on. `cleared`
   * is called then, not if the connection ends first.
   */
  endTls(cleared: () => void): void;
};

/**
 * One that was upgraded: what stands above TCP just now, whether what comes from it is for the owner, and
 * whether it is about to end alone.
 */
type Layer = { above: Duplex; isOpen: boolean; isClearing: boolean; heardClearing: number };

/** What may come under TLS while its end is waited for: a few commands that were sent before. Whoever says more is cut off. */
const mostWhileClearing = 8192;

/** TLS from exactly the next byte, or what is unread; nothing is unsent. `open` makes it of the connection. */
export function secureTransport(
  transport: Transport,
  open: (connection: Socket | Duplex) => TLSSocket,
  mayEnd: boolean,
): SecuredConnection {
  const connection = transport as Connection;
  const unread = connection.memory.slice(connection.from, connection.to);
  const moved = connection.ways.detach(connection);
  connection.from = connection.to;
  const feed = mayEnd ? createRecordFeed(moved, unread) : undefined;
  if (feed === undefined && unread.length > 0) moved.unshift(unread);
  const tcp = feed?.tcp ?? moved;
  const socket = open(feed?.stream ?? tcp);
  const layer: Layer = { above: socket, isOpen: false, isClearing: false, heardClearing: 0 };
  connection.ways = waysAbove(layer, tcp, feed !== undefined);
  connection.memory = sharedMemory;
  // Not that of what stands above it, which does not come after every reset.
  tcp.on("close", () => {
    connection.isClosed = true;
    connection.events.closed(connection.owner);
  });
  return {
    socket,
    begin() {
      layer.isOpen = true;
      listen(connection, socket, layer);
      if (connection.isReading) socket.resume();
    },
    endTls(cleared) {
      if (feed === undefined) throw new Error("TLS that may not end is to be ended");
      layer.isClearing = true;
      socket.once("end", () => {
        const rest = feed.release((chunk) => heard(connection, tcp, chunk));
        layer.above = tcp;
        layer.isClearing = false;
        connection.hasEnded = false;
        listenToTcp(connection, tcp);
        socket.destroy();
        cleared();
        if (rest.length > 0) heard(connection, tcp, rest);
        // It may have gone without a word.
        if (tcp.readableEnded) ended(connection);
        else if (!connection.isReading) tcp.pause();
      });
      socket.end();
      socket.resume();
    },
  };
}

function listen(connection: Connection, socket: TLSSocket, layer: Layer): void {
  const isAbove = (): boolean => layer.above === socket;
  socket.on("data", (chunk: Buffer) => {
    if (!isAbove()) return;
    if (layer.isClearing && (layer.heardClearing += chunk.length) > mostWhileClearing)
      return void socket.destroy(flooded());
    heard(connection, socket, chunk);
  });
  socket.on("end", () => {
    if (!layer.isClearing) ended(connection);
  });
  socket.on("error", (error) => {
    if (isAbove()) connection.events.failed(connection.owner, failureCode(error));
  });
  socket.on("drain", () => connection.events.drained(connection.owner));
  if (!connection.isReading) socket.pause();
}

function flooded(): Error {
  return Object.assign(new Error("too much was said before the end of TLS"), { code: "EPROTO" });
}

function listenToTcp(connection: Connection, tcp: Socket): void {
  tcp.on("end", () => ended(connection));
  tcp.on("error", (error) => connection.events.failed(connection.owner, failureCode(error)));
  tcp.on("drain", () => connection.events.drained(connection.owner));
}

function heard(connection: Connection, from: Socket, chunk: Uint8Array): void {
  if (!connection.isEnding) {
    receive(connection, chunk, chunk.length);
    // Else an idle connection would hold on to the last that it has heard.
    if (!hasInput(connection)) connection.memory = sharedMemory;
  } else if ((connection.discarded += chunk.length) > discardedBytes) from.destroy();
}

function ended(connection: Connection): void {
  connection.hasEnded = true;
  if (!connection.isEnding) connection.events.ended(connection.owner);
}

function waysAbove(layer: Layer, tcp: Socket, hasFeed: boolean): Ways {
  const unacknowledged = watchUnacknowledged(tcp);
  return {
    send(connection, text) {
      const { above } = layer;
      const maySay = layer.isOpen && !layer.isClearing && !connection.isEnding;
      if (maySay && !above.destroyed && above.writable) above.write(text, "latin1");
    },
    backlog: () => layer.above.writableLength,
    unacknowledged,
    setReading(connection, wanted) {
      if (!layer.isOpen || layer.isClearing) return;
      if (!wanted) return void layer.above.pause();
      if (!hasInput(connection)) connection.memory = sharedMemory;
      layer.above.resume();
    },
    end(connection, says) {
      const { above } = layer;
      if (above.destroyed || connection.isEnding) return;
      if (says !== "") connection.ways.send(connection, says);
      connection.isEnding = true;
      // In the middle of a handshake nothing can be said any more.
      if (!layer.isOpen) return void above.destroy();
      if (hasFeed && above !== tcp) above.end(() => tcp.end());
      else above.end();
      if (!connection.hasEnded) above.resume();
      const cutOff = setTimeout(() => tcp.destroy(), closingGraceMs);
      tcp.once("close", () => clearTimeout(cutOff));
    },
    close: () => void layer.above.destroy(),
    abort() {
      if (!tcp.destroyed) resetSocket(tcp);
      layer.above.destroy();
    },
    descriptor: () => descriptorOf(tcp),
    originalDestination: (_connection, family) => originalDestination(tcp, family),
    detach() {
      // In clear again, it may go under TLS once more (REIN).
      if (layer.above !== tcp) throw new Error("a connection under TLS is to be detached");
      return movedSocket(tcp);
    },
  };
}
