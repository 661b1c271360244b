// Transport: one connection as a value, with its unread input as bytes. Who holds it sees neither a socket nor a descriptor, so
// what is beneath may change while it lives: plain TCP today, TLS over the same connection once a session is upgraded. Who makes
// one says how the rest is done (`Ways`): there are connections on Node's sockets, and on descriptors of our own.
import type { Socket } from "node:net";
import type { Endpoint, Family } from "../net/endpoint.ts";

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

/** What makers of transports share of them, and nobody else sees. */
export type Connection = { -readonly [K in keyof Transport]: Transport[K] } & {
  /** Others once TLS stands above it. */
  ways: Ways;
  isReading: boolean;
  /** Our direction is closed, and what the peer still says is thrown away. */
  isEnding: boolean;
  discarded: number;
  owner: unknown;
  events: TransportEvents<unknown>;
};

/** How it is done with a connection of one kind; the functions below say what. */
export type Ways = {
  send(connection: Connection, text: string): void;
  backlog(connection: Connection): number;
  unacknowledged(connection: Connection): number;
  setReading(connection: Connection, wanted: boolean): void;
  end(connection: Connection, says: string): void;
  close(connection: Connection): void;
  abort(connection: Connection): void;
  descriptor(connection: Connection): number;
  originalDestination(connection: Connection, family: Family): Endpoint | undefined;
  /** The connection in a socket of Node's that does not read yet; nothing is unread or unsent, and nothing else touches it from then on. */
  detach(connection: Connection): Socket;
};

export type TransportOptions = {
  /** Idle for so long, the kernel asks whether the peer still lives. */
  readonly keepaliveMs: number;
};

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
export type Dial = (to: Endpoint, options: DialOptions, events: DialEvents) => { cancel(): void };

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
  connection.ways.send(connection, text);
}

/** Bytes that were sent and that the kernel has not taken. */
export function backlogOf(transport: Transport): number {
  const connection = transport as Connection;
  return connection.ways.backlog(connection);
}

/** Bytes with the kernel that the peer has not acknowledged; 0 if that is not known. */
export function unacknowledgedOf(transport: Transport): number {
  const connection = transport as Connection;
  return connection.ways.unacknowledged(connection);
}

/** Reads on, or leaves what comes with the kernel. */
export function setReading(transport: Transport, wanted: boolean): void {
  const connection = transport as Connection;
  if (wanted === connection.isReading) return;
  connection.isReading = wanted;
  connection.ways.setReading(connection, wanted);
}

/** What was sent, and `says`, then an end in order. The peer is no longer heard, and is cut off if it does not close as well. */
export function endTransport(transport: Transport, says = ""): void {
  const connection = transport as Connection;
  connection.from = connection.to;
  connection.ways.end(connection, says);
}

/** The kernel goes on sending what it has taken, and our descriptor is closed now. A peer that has said more gets a reset. */
export function closeTransport(transport: Transport): void {
  const connection = transport as Connection;
  connection.ways.close(connection);
}

/** Whether its descriptor is one of the first `count` of the process: the lowest free one is taken each time. */
export function isAmongDescriptors(transport: Transport, count: number): boolean {
  const connection = transport as Connection;
  return connection.ways.descriptor(connection) < count;
}

/** Resets the connection: the peer can't take it for an end in order, whatever stands above TCP. */
export function abortTransport(transport: Transport): void {
  const connection = transport as Connection;
  connection.ways.abort(connection);
}

/** Where an accepted connection was going before it was redirected. Undefined if the kernel has no record of it. */
export function originalDestinationOf(transport: Transport, family: Family): Endpoint | undefined {
  const connection = transport as Connection;
  return connection.ways.originalDestination(connection, family);
}

// What makers of transports share: where what is read goes, and how the rest of it is kept.

/**
 * What is read is nearly always handled before anybody else reads, so all read into one piece of memory. Memory of its own
 * for each read, which is what streams take, costs more than all that is done with a line. It is small: what a peer sends beyond
 * it stays with the kernel until what was read is handled.
 */
export const sharedMemory = Buffer.allocUnsafeSlow(8192);

/** A peer that does not close after our end is cut off after this. */
export const closingGraceMs = 2000;
/** So is one that still says more than this: to throw it away is work, too. */
export const discardedBytes = 256 * 1024;

export const unheard: TransportEvents<unknown> = { arrived() {}, ended() {}, failed() {}, drained() {}, closed() {} };

/** `count` bytes stand at the start of `memory`, which is the shared one or the connection's own from now on. */
export function receive(connection: Connection, memory: Uint8Array, count: number): void {
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
