// Control connection: a transport whose input is taken line by line, and what is to be said on it. What is said in one turn
// leaves in one write, because clients and middleboxes look at how lines are segmented (D2.29, D3.38).
import type { SessionEvent } from "../../session/events.ts";
import { backlogOf, endTransport, hasInput, send, setReading, type Transport } from "../../sockets/transport.ts";
import type { LineFormat, LineReader } from "./line-format.ts";

export type ControlConnection = {
  readonly transport: Transport;
  readonly format: LineFormat;
  /** Only while a line is incomplete. */
  reader: LineReader | undefined;
  /** What the line that was read last has brought beside the first event: it asked for Telnet options, say. */
  waiting: SessionEvent[];
  /** The session knows that the peer says no more. */
  hasToldEnd: boolean;
  unwritten: string;
  /** Nothing is written or read: TLS is about to begin or to end. */
  isHeld: boolean;
  /** So many bytes may wait for the peer to take them. */
  readonly bufferedBytes: number;
};

/** A line that may be ordinary is no longer than this; the others take the way of readers. */
const ordinaryLimit = 1024;
const lf = 0x0a;
const none: SessionEvent[] = [];

export function controlConnection(transport: Transport, format: LineFormat, bufferedBytes: number): ControlConnection {
  return {
    transport,
    format,
    reader: undefined,
    waiting: none,
    hasToldEnd: false,
    unwritten: "",
    isHeld: false,
    bufferedBytes,
  };
}

/** Whether `takeNext` may have something. */
export function hasUnread({ transport, waiting, hasToldEnd }: ControlConnection): boolean {
  return waiting.length > 0 || hasInput(transport) || (transport.hasEnded && !hasToldEnd);
}

/** The next event out of what was read, one line at a time. Undefined if there is none yet. */
export function takeNext(connection: ControlConnection): SessionEvent | undefined {
  const { transport, format } = connection;
  for (;;) {
    if (connection.waiting.length > 0) return connection.waiting.shift();
    if (hasInput(transport)) {
      const event = takeLine(connection);
      if (event !== undefined) return event;
    } else {
      if (!transport.hasEnded || connection.hasToldEnd) return undefined;
      connection.hasToldEnd = true;
      connection.waiting = [...(connection.reader?.end() ?? none), format.end];
    }
  }
}

/** Whether something was read that no event has told yet, a piece of a line too. */
export function hasPiece({ transport, waiting, reader }: ControlConnection): boolean {
  return waiting.length > 0 || reader !== undefined || hasInput(transport);
}

/** Without a look at it: `count` bytes of what was read are to be said to another. */
export function passInput({ transport }: ControlConnection, to: ControlConnection, count: number): void {
  const { memory, from } = transport;
  to.unwritten += latin1Of(memory, from, from + count);
  transport.from = from + count;
}

/** The peer says no more: once, and where nothing is unread. */
export function takeEnd(connection: ControlConnection): SessionEvent | undefined {
  if (!connection.transport.hasEnded || connection.hasToldEnd) return undefined;
  connection.hasToldEnd = true;
  return connection.format.end;
}

/** Nearly every line is ordinary and comes whole: then no reader is needed. What other lines bring is `waiting`. */
function takeLine(connection: ControlConnection): SessionEvent | undefined {
  const { transport, format, reader } = connection;
  const { memory, from, to } = transport;
  const lineFeed = memory.indexOf(lf, from);
  const isWhole = lineFeed !== -1 && lineFeed < to;
  const end = isWhole ? lineFeed + 1 : to;
  transport.from = end;
  if (isWhole && reader === undefined && end - from <= ordinaryLimit) {
    const event = format.ordinary(latin1Of(memory, from, end));
    if (event !== undefined) return event;
  }
  const used = reader ?? format.createReader();
  connection.reader = isWhole ? undefined : used;
  connection.waiting = used.feed(memory.subarray(from, end));
  return undefined;
}

/** Undocumented, but in every version of Node, and what `toString("latin1")` calls. */
type Latin1Memory = Uint8Array & { latin1Slice?(from: number, to: number): string };

function latin1Of(memory: Latin1Memory, from: number, to: number): string {
  return memory.latin1Slice?.(from, to) ?? Buffer.from(memory.subarray(from, to)).toString("latin1");
}

/** Whether more may be said: so much that the peer has not taken yet is kept, and no more. */
export function hasRoom({ transport, unwritten, bufferedBytes }: ControlConnection): boolean {
  return unwritten.length + backlogOf(transport) < bufferedBytes;
}

/** Back-pressure: what is unread, or would add to what a peer does not take, stays with the kernel. */
export function updateReading(client: ControlConnection, server: ControlConnection | undefined): void {
  const mayClientSpeak = !client.isHeld && !hasUnread(client);
  setReading(client.transport, mayClientSpeak && (server === undefined || hasRoom(server)) && hasRoom(client));
  if (server !== undefined) setReading(server.transport, !server.isHeld && !hasUnread(server) && hasRoom(client));
}

/** Sends what is to be said, in one write. Whether there was anything. */
export function flush(connection: ControlConnection): boolean {
  const { transport, unwritten, isHeld } = connection;
  if (unwritten === "" || isHeld) return false;
  connection.unwritten = "";
  send(transport, unwritten);
  return true;
}

/** Says what is still to be said, then FIN; the peer is no longer heard. */
export function closeSoftly(connection: ControlConnection): void {
  const { transport, unwritten, isHeld } = connection;
  connection.waiting = none;
  connection.hasToldEnd = true;
  if (!isHeld) connection.unwritten = "";
  endTransport(transport, isHeld ? "" : unwritten);
}
