// Transports on sockets of Node's.
import { connect, type Socket } from "node:net";
import { type Endpoint, isUnspecified } from "../net/endpoint.ts";
import { connectForeign } from "./foreign-socket.ts";
import { movedSocket, type Reads, readingSocket } from "./reading-socket.ts";
import { resetSocket } from "./reset-socket.ts";
import { endpointOf, failureCode, nowhere } from "./socket-ends.ts";
import { loadSocketCalls } from "./socket-calls.ts";
import { descriptorOf, plainDescriptorOf } from "./socket-handle.ts";
import { limitUnacknowledged, originalDestination, watchUnacknowledged } from "./socket-options.ts";
import {
  closingGraceMs,
  type Connection,
  type DialEvents,
  type DialOptions,
  discardedBytes,
  hasInput,
  receive,
  sharedMemory,
  type Transport,
  unheard,
  type TransportOptions,
  type Ways,
} from "./transport.ts";

type NodeConnection = Connection & {
  socket: Socket;
  /** Where texts are sent to directly; -1 if they can't be. */
  descriptor: number;
  /** Writes that Node has not done yet: nothing may overtake them. */
  writesUnderWay: number;
};

export type AcceptOptions = TransportOptions & {
  /** It has its options from the listener (`presetAccepted`). */
  readonly isPreset?: boolean;
};

/** Of an accepted connection, which must not have been read from. `accepted` is an empty shell afterwards. */
export function acceptedTransport(accepted: Socket, { keepaliveMs, isPreset = false }: AcceptOptions): Transport {
  if (!isPreset) {
    accepted.setNoDelay(true).setKeepAlive(true, keepaliveMs);
    limitUnacknowledged(accepted, keepaliveMs);
  }
  const peer = endpointOf(accepted.remoteAddress, accepted.remotePort);
  const local = endpointOf(accepted.localAddress, accepted.localPort);
  const connection = blank();
  return attach(connection, readingSocket(accepted, readsOf(connection)), local, peer);
}

/** Connects; half-open is allowed. One of the events comes after the call, unless `cancel` does; after that nothing does. */
export function dialTransport(to: Endpoint, options: DialOptions, events: DialEvents): { cancel(): void } {
  const connection = blank();
  const socket = dial(to, options, readsOf(connection));
  let isOver = false;
  socket.once("error", failed).once("connect", connected);
  return {
    cancel() {
      if (!isOver) socket.destroy();
      isOver = true;
    },
  };

  function failed(error: Error): void {
    if (!isOver) events.failed(failureCode(error));
    isOver = true;
  }

  function connected(): void {
    isOver = true;
    // Else the socket would hold on to all that has to do with the attempt.
    socket.off("error", failed);
    limitUnacknowledged(socket, options.keepaliveMs);
    const local = endpointOf(socket.localAddress, socket.localPort);
    // The system takes the unspecified address for one of this machine; the peer's data connections come from that one.
    const peer = isUnspecified(to.address) ? endpointOf(socket.remoteAddress, socket.remotePort) : to;
    events.connected(attach(connection, socket, local, peer));
  }
}

function dial(to: Endpoint, { from, keepaliveMs }: DialOptions, onread: Reads & { buffer: Uint8Array }): Socket {
  if (from !== undefined) {
    const socket = connectForeign({ address: from, port: 0 }, to, onread);
    return socket.once("connect", () => socket.setKeepAlive(true, keepaliveMs));
  }
  return connect({
    host: to.address,
    port: to.port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepaliveMs,
    onread,
  });
}

/** Every field from the start: records of one shape are fast to use. */
function blank(): NodeConnection {
  return {
    ways,
    local: nowhere,
    peer: nowhere,
    memory: sharedMemory,
    from: 0,
    to: 0,
    hasEnded: false,
    isClosed: false,
    socket: undefined as unknown as Socket,
    descriptor: -1,
    writesUnderWay: 0,
    isReading: true,
    isEnding: false,
    discarded: 0,
    owner: undefined,
    events: unheard,
  };
}

function attach(connection: NodeConnection, socket: Socket, local: Endpoint, peer: Endpoint): Transport {
  connection.socket = socket;
  connection.descriptor = plainDescriptorOf(socket);
  connection.local = local;
  connection.peer = peer;
  socket.on("end", () => {
    connection.hasEnded = true;
    if (!connection.isEnding) connection.events.ended(connection.owner);
  });
  socket.on("error", (error) => connection.events.failed(connection.owner, failureCode(error)));
  socket.on("drain", () => connection.events.drained(connection.owner));
  socket.on("close", () => {
    connection.isClosed = true;
    connection.events.closed(connection.owner);
  });
  return connection;
}

function readsOf(connection: NodeConnection): Reads & { buffer: Uint8Array } {
  return {
    buffer: sharedMemory,
    callback(count, memory) {
      if (!connection.isEnding) receive(connection, memory, count);
      else if ((connection.discarded += count) > discardedBytes) connection.socket.destroy();
      return true;
    },
  };
}

const ways: Ways = {
  send(connection, text) {
    const node = connection as NodeConnection;
    const { socket, descriptor, writesUnderWay, isEnding } = node;
    // The descriptor of a closed socket may be another's by now; that of a closing one takes bytes until Node gets to its end.
    if (socket.destroyed || isEnding) return;
    const loaded = loadSocketCalls();
    const sent = loaded.ok && descriptor >= 0 && writesUnderWay === 0 ? loaded.calls.send(descriptor, text) : 0;
    if (sent === text.length || !socket.writable) return;
    node.writesUnderWay += 1;
    socket.write(sent === 0 ? text : text.slice(sent), "latin1", () => {
      node.writesUnderWay -= 1;
    });
  },
  backlog(connection) {
    const { socket, writesUnderWay } = connection as NodeConnection;
    return writesUnderWay === 0 ? 0 : socket.writableLength;
  },
  unacknowledged: (connection) => watchUnacknowledged((connection as NodeConnection).socket)(),
  setReading(connection, wanted) {
    const { socket } = connection as NodeConnection;
    if (!wanted) return void socket.pause();
    // Else an idle connection would hold on to memory whose bytes are all taken.
    if (!hasInput(connection)) connection.memory = sharedMemory;
    socket.resume();
  },
  end(connection, says) {
    const { socket } = connection as NodeConnection;
    if (socket.destroyed || connection.isEnding) return;
    if (says !== "") ways.send(connection, says);
    connection.isEnding = true;
    socket.end();
    // Unread bytes at close would turn our FIN into a reset that overtakes the farewell.
    if (!connection.hasEnded) socket.resume();
    const cutOff = setTimeout(() => socket.destroy(), closingGraceMs);
    socket.once("close", () => clearTimeout(cutOff));
  },
  close: (connection) => void (connection as NodeConnection).socket.destroy(),
  abort: (connection) => resetSocket((connection as NodeConnection).socket),
  descriptor: (connection) => descriptorOf((connection as NodeConnection).socket),
  originalDestination: (connection, family) => originalDestination((connection as NodeConnection).socket, family),
  detach(connection) {
    const node = connection as NodeConnection;
    // Else clear text would follow into TLS.
    node.descriptor = -1;
    return movedSocket(node.socket);
  },
};
