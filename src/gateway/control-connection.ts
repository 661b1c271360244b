// One control connection as the driver of its session sees it: what was read and is not wanted yet, what is to be written,
// and how it ends. What is said in one turn leaves in one write, because clients and middleboxes look at how lines are
// segmented (D2.29, D3.38).
import type { Socket } from "node:net";
import { handleOf, readingSocket } from "../dataplane/reading-socket.ts";
import type { CommandEvent, CommandReader } from "../ftp/command-reader.ts";
import type { ReplyEvent, ReplyReader } from "../ftp/reply-reader.ts";
import { parseAddress, type Endpoint } from "../net/endpoint.ts";
import type { Event } from "../session/events.ts";
import { sendDirectly } from "./direct-send.ts";
import { createSharedReads, type SharedReads } from "./shared-reads.ts";
import { endsLine, type Reader, type ReaderPool } from "./reader-pool.ts";

export type ControlConnection = {
  readonly socket: Socket;
  /** What a read has brought; the first `handedOver` of it are with the session. */
  unread: readonly Event[];
  handedOver: number;
  unwritten: string;
  /** The peer has closed its direction. */
  hasEnded: boolean;
  /** Whatever it still says is read and thrown away. */
  isDeaf: boolean;
};

export type ControlEvents = {
  /** Something is unread. */
  arrived(connection: ControlConnection): void;
  lost(connection: ControlConnection, detail: string): void;
  /** The kernel has taken what was written. */
  drained(): void;
  closed(): void;
};

export type CommandReaders = ReaderPool<CommandReader>;
export type ReplyReaders = ReaderPool<ReplyReader>;

/** A peer that does not close after our FIN is cut off after this. */
const closingGraceMs = 2000;

/** `accepted` is an empty shell afterwards. */
export function clientConnection(accepted: Socket, readers: CommandReaders, events: ControlEvents): ControlConnection {
  const reads = createSharedReads();
  const socket = readingSocket(accepted, reads, handleOf(accepted));
  return controlConnection(socket, reads, readers, clientEvent, { kind: "client-end" }, events);
}

/** `reads`: where the socket reads to. */
export function serverConnection(
  socket: Socket,
  reads: SharedReads,
  readers: ReplyReaders,
  events: ControlEvents,
): ControlConnection {
  return controlConnection(socket, reads, readers, serverEvent, { kind: "server-end" }, events);
}

function controlConnection<E>(
  socket: Socket,
  reads: SharedReads,
  readers: ReaderPool<Reader<E>>,
  toEvent: (event: E) => Event,
  end: Event,
  events: ControlEvents,
): ControlConnection {
  const connection = { socket, unread: nothing, handedOver: 0, unwritten: "", hasEnded: false, isDeaf: false };
  /** Only while a line is incomplete. */
  let reader: Reader<E> | undefined;
  reads.deliver = (chunk) => {
    if (connection.isDeaf) return;
    reader ??= readers.take();
    queue(connection, reader.feed(chunk).map(toEvent));
    if (endsLine(chunk)) {
      readers.giveBack(reader);
      reader = undefined;
    }
    events.arrived(connection);
  };
  socket.on("end", () => {
    if (connection.isDeaf) return;
    connection.hasEnded = true;
    queue(connection, [...(reader?.end?.() ?? []).map(toEvent), end]);
    events.arrived(connection);
  });
  socket.on("error", (error) => events.lost(connection, failureCode(error)));
  socket.on("drain", events.drained);
  socket.on("close", events.closed);
  return connection;
}

const nothing: readonly Event[] = [];

/** A socket is not read while something is unread, so there is seldom anything to join. */
function queue(connection: ControlConnection, events: readonly Event[]): void {
  connection.unread = hasUnread(connection) ? [...connection.unread.slice(connection.handedOver), ...events] : events;
  connection.handedOver = 0;
}

export function hasUnread({ unread, handedOver }: ControlConnection): boolean {
  return handedOver < unread.length;
}

/** Hands over the next event. */
export function takeNext(connection: ControlConnection): Event | undefined {
  const event = connection.unread[connection.handedOver];
  connection.handedOver += 1;
  if (!hasUnread(connection)) discardUnread(connection);
  return event;
}

function discardUnread(connection: ControlConnection): void {
  connection.unread = nothing;
  connection.handedOver = 0;
}

/** What the peer has not taken yet: bytes. */
export function backlogOf({ socket, unwritten }: ControlConnection): number {
  return socket.writableLength + unwritten.length;
}

/** Returns whether there was anything to write. */
export function flush(connection: ControlConnection): boolean {
  const { socket, unwritten } = connection;
  if (unwritten === "") return false;
  connection.unwritten = "";
  if (!socket.writable) return true;
  const rest = sendDirectly(socket, unwritten);
  if (rest !== "") socket.write(rest, "latin1");
  return true;
}

/** Reads the socket, or leaves what it has in the kernel. */
export function setReading({ socket }: ControlConnection, wanted: boolean): void {
  if (wanted === !socket.isPaused()) return;
  if (wanted) socket.resume();
  else socket.pause();
}

/** Says what is still to be said, then FIN; the peer is no longer heard. */
export function closeSoftly(connection: ControlConnection): void {
  const { socket, hasEnded } = connection;
  flush(connection);
  discardUnread(connection);
  if (socket.destroyed) return;
  connection.isDeaf = true;
  socket.end();
  // Unread bytes at close would turn our FIN into a reset that overtakes the farewell.
  if (!hasEnded) socket.resume();
  const cutOff = setTimeout(() => socket.destroy(), closingGraceMs);
  socket.once("close", () => clearTimeout(cutOff));
}

function clientEvent(event: CommandEvent): Event {
  switch (event.kind) {
    case "line":
      return { kind: "client-line", text: event.text, quirks: event.quirks };
    case "refused":
      return { kind: "client-refused", reason: event.reason };
    case "telnet-answer":
      return event;
  }
}

function serverEvent(event: ReplyEvent): Event {
  return event.kind === "line"
    ? { kind: "server-line", text: event.text, raw: event.raw }
    : { kind: "server-refused", reason: event.reason };
}

/** A socket's end in canonical form. A socket that is already gone has none. */
export function endpointOf(address: string | undefined, port: number | undefined): Endpoint {
  return { address: parseAddress(address ?? "") ?? "0.0.0.0", port: port ?? 0 };
}

/** The system's word for what went wrong, e.g. `ECONNREFUSED`. */
function failureCode(error: unknown): string {
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
}
