// Transport: one connection as a value, with its unread input as bytes. Who holds it sees neither a socket nor a descriptor, so
// what is beneath may change while it lives: plain TCP today, TLS over the same connection once a session is upgraded. An
// upgrade demands that `hasInput` says no and `backlogOf` says 0, gives the record another `socket`, and takes its way to send
// directly away; `tcp` stays what it is, because only there a connection can be reset.
import { connect, type Socket } from "node:net";
import { type Endpoint, type Family, isUnspecified } from "../net/endpoint.ts";
import { connectForeign } from "./foreign-socket.ts";
import { type Reads, readingSocket } from "./reading-socket.ts";
import { resetSocket } from "./reset-socket.ts";
import { endpointOf, failureCode, nowhere } from "./socket-ends.ts";
import { loadSocketCalls } from "./socket-calls.ts";
import { descriptorOf, plainDescriptorOf } from "./socket-handle.ts";
import { originalDestination, watchUnacknowledged } from "./socket-options.ts";

/** One list of functions serves all whose owners are alike: each is told whose connection it is. */
export type TransportEvents<Owner> = {
  /** There is new input. What the callee leaves of it is kept. */
  arrived(owner: Owner): void;
  /** The peer has closed its direction, behind whatever is unread. */
  ended(owner: Owner): void;
  /** The connection broke; `detail` is the system's word, e.g. `ECONNRESET`. `closed` follows. */
  failed(owner: Owner, detail: string): void;
  /** All that was sent is with the kernel, after some of it was not. */
  drained(owner: Owner): void;
  /** The last event. */
  closed(owner: Owner): void;
};

export type Transport = {
  readonly local: Endpoint;
  readonly peer: Endpoint;
  /** Unread input is what stands in `memory` from `from` to before `to`; reading it moves `from`. Only valid until the turn ends. */
  readonly memory: Uint8Array;
  from: number;
  readonly to: number;
  /** The peer sends no more. */
  readonly hasEnded: boolean;
  readonly isClosed: boolean;
};

/** What only this file sees of it. */
type Connection = { -readonly [K in keyof Transport]: Transport[K] } & {
  /** What is read from and written to. */
  socket: Socket;
  /** The connection beneath; `socket` itself while nothing stands between. */
  tcp: Socket;
  /** Where texts are sent to directly; -1 if bytes on the wire are not those that are sent. */
  descriptor: number;
  /** Writes that Node has not done yet: nothing may overtake them. */
  writesUnderWay: number;
  isReading: boolean;
  /** Our direction is closed, and what the peer still says is thrown away. */
  isEnding: boolean;
  discarded: number;
  owner: unknown;
  events: TransportEvents<unknown>;
};

const unheard: TransportEvents<unknown> = { arrived() {}, ended() {}, failed() {}, drained() {}, closed() {} };

/**
 * What is read is nearly always handled before anybody else reads, so all read into one piece of memory. Memory of its own
 * for each read, which is what streams take, costs more than all that is done with a line. It is small: what a peer sends beyond
 * it stays with the kernel until what was read is handled.
 */
const sharedMemory = Buffer.allocUnsafeSlow(8192);

/** A peer that does not close after our end is cut off after this. */
const closingGraceMs = 2000;
/** So is one that still says more than this: to throw it away is work, too. */
const discardedBytes = 256 * 1024;

export type TransportOptions = {
  /** Idle for so long, the kernel asks whether the peer still lives. */
  readonly keepaliveMs: number;
};

export type AcceptOptions = TransportOptions & {
  /** It has its options from the listener (`presetAccepted`). */
  readonly isPreset?: boolean;
};

/** Of an accepted connection, which must not have been read from. `accepted` is an empty shell afterwards. */
export function acceptedTransport(accepted: Socket, { keepaliveMs, isPreset = false }: AcceptOptions): Transport {
  if (!isPreset) accepted.setNoDelay(true).setKeepAlive(true, keepaliveMs);
  const peer = endpointOf(accepted.remoteAddress, accepted.remotePort);
  const local = endpointOf(accepted.localAddress, accepted.localPort);
  const connection = blank();
  return attach(connection, readingSocket(accepted, readsOf(connection)), local, peer);
}

export type DialEvents = {
  /** Nothing was read yet. */
  connected(transport: Transport): void;
  /** The system's word, e.g. `ECONNREFUSED`. */
  failed(detail: string): void;
};

export type DialOptions = TransportOptions & {
  /** Another machine's address to connect from. */
  readonly from?: string | undefined;
};

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
function blank(): Connection {
  return {
    local: nowhere,
    peer: nowhere,
    memory: sharedMemory,
    from: 0,
    to: 0,
    hasEnded: false,
    isClosed: false,
    socket: undefined as unknown as Socket,
    tcp: undefined as unknown as Socket,
    descriptor: -1,
    writesUnderWay: 0,
    isReading: true,
    isEnding: false,
    discarded: 0,
    owner: undefined,
    events: unheard,
  };
}

function attach(connection: Connection, socket: Socket, local: Endpoint, peer: Endpoint): Transport {
  connection.socket = socket;
  connection.tcp = socket;
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

function readsOf(connection: Connection): Reads & { buffer: Uint8Array } {
  return {
    buffer: sharedMemory,
    callback(count, memory) {
      if (!connection.isEnding) receive(connection, memory, count);
      else if ((connection.discarded += count) > discardedBytes) connection.socket.destroy();
      return true;
    },
  };
}

function receive(connection: Connection, memory: Uint8Array, count: number): void {
  if (hasInput(connection)) {
    const unread = connection.memory.subarray(connection.from, connection.to);
    connection.memory = Buffer.concat([unread, memory.subarray(0, count)]);
  } else connection.memory = memory;
  connection.from = 0;
  connection.to = connection.memory === memory ? count : connection.memory.length;
  connection.events.arrived(connection.owner);
  if (connection.memory !== sharedMemory) return;
  // The next read is another's.
  if (hasInput(connection)) connection.memory = Buffer.from(sharedMemory.subarray(connection.from, connection.to));
  connection.to -= connection.from;
  connection.from = 0;
}

/** Whose it is and who hears of it from now on. To be called in the turn in which the transport was handed over. */
export function listenTo<Owner>(transport: Transport, owner: Owner, events: TransportEvents<Owner>): void {
  const connection = transport as Connection;
  connection.owner = owner;
  connection.events = events;
}

export function hasInput({ from, to }: Transport): boolean {
  return from < to;
}

/** Sends text (latin1), now if the kernel takes it. Nothing if the connection is closed or closing. */
export function send(transport: Transport, text: string): void {
  const connection = transport as Connection;
  const { socket, descriptor, writesUnderWay, isEnding } = connection;
  // The descriptor of a closed socket may be another's by now; that of a closing one takes bytes until Node gets to its end.
  if (socket.destroyed || isEnding) return;
  const loaded = loadSocketCalls();
  const sent = loaded.ok && descriptor >= 0 && writesUnderWay === 0 ? loaded.calls.send(descriptor, text) : 0;
  if (sent === text.length || !socket.writable) return;
  connection.writesUnderWay += 1;
  socket.write(sent === 0 ? text : text.slice(sent), "latin1", () => {
    connection.writesUnderWay -= 1;
  });
}

/** Bytes that were sent and that the kernel has not taken. */
export function backlogOf(transport: Transport): number {
  const { socket, writesUnderWay } = transport as Connection;
  return writesUnderWay === 0 ? 0 : socket.writableLength;
}

/** Bytes with the kernel that the peer has not acknowledged; 0 if that is not known. */
export function unacknowledgedOf(transport: Transport): number {
  return watchUnacknowledged((transport as Connection).tcp)();
}

/** Reads on, or leaves what comes with the kernel. */
export function setReading(transport: Transport, wanted: boolean): void {
  const connection = transport as Connection;
  if (wanted === connection.isReading) return;
  connection.isReading = wanted;
  if (!wanted) return void connection.socket.pause();
  // Else an idle connection would hold on to memory whose bytes are all taken.
  if (!hasInput(connection)) connection.memory = sharedMemory;
  connection.socket.resume();
}

/** What was sent, then an end in order. The peer is no longer heard, and is cut off if it does not close as well. */
export function endTransport(transport: Transport): void {
  const connection = transport as Connection;
  const { socket } = connection;
  connection.from = connection.to;
  if (socket.destroyed || connection.isEnding) return;
  connection.isEnding = true;
  socket.end();
  // Unread bytes at close would turn our FIN into a reset that overtakes the farewell.
  if (!connection.hasEnded) socket.resume();
  const cutOff = setTimeout(() => socket.destroy(), closingGraceMs);
  socket.once("close", () => clearTimeout(cutOff));
}

/** The kernel goes on sending what it has taken, and our descriptor is closed now. A peer that has said more gets a reset. */
export function closeTransport(transport: Transport): void {
  (transport as Connection).socket.destroy();
}

/** Whether its descriptor is one of the first `count` of the process: the lowest free one is taken each time. */
export const isAmongDescriptors = (transport: Transport, count: number): boolean =>
  descriptorOf((transport as Connection).tcp) < count;

/** Resets the connection: the peer can't take it for an end in order, whatever stands above TCP. */
export function abortTransport(transport: Transport): void {
  resetSocket((transport as Connection).socket, (transport as Connection).tcp);
}

/** Where an accepted connection was going before it was redirected. Undefined if the kernel has no record of it. */
export function originalDestinationOf(transport: Transport, family: Family): Endpoint | undefined {
  return originalDestination((transport as Connection).tcp, family);
}
