// One control connection as the driver of its session sees it: what was read and is not wanted yet, what is to be written,
// and how it ends. What is said in one turn leaves in one write, because clients and middleboxes look at how lines are
// segmented (D2.29, D3.38).
import type { Socket } from "node:net";
import { readingSocket } from "../../sockets/reading-socket.ts";
import type { CommandEvent, CommandReader } from "../../ftp/command-reader.ts";
import { noQuirks } from "../../ftp/quirks.ts";
import type { ReplyEvent, ReplyReader } from "../../ftp/reply-reader.ts";
import { parseAddress, type Endpoint } from "../../net/endpoint.ts";
import type { SessionEvent } from "../../session/events.ts";
import { directDescriptorOf, sendDirectly } from "../../sockets/direct-send.ts";
import { createSharedReads, type SharedReads } from "./shared-reads.ts";
import { endsLine, type Reader, type ReaderPool } from "./reader-pool.ts";

export type ControlConnection = {
  readonly socket: Socket;
  /** Where it is sent to directly; -1 if there is no way. */
  readonly descriptor: number;
  /** What reads have brought; the first `handedOver` of it are with the session. */
  readonly unread: SessionEvent[];
  handedOver: number;
  unwritten: string;
  /** Writes that Node has not done yet: nothing may overtake them. */
  writesUnderWay: number;
  isReading: boolean;
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

/** A line that may be ordinary is no longer than this; the others take the way of readers. */
const ordinaryLimit = 1024;

/** `accepted` is an empty shell afterwards. */
export function clientConnection(accepted: Socket, readers: CommandReaders, events: ControlEvents): ControlConnection {
  const reads = createSharedReads();
  const socket = readingSocket(accepted, reads);
  return controlConnection(socket, reads, readers, clientSide, events);
}

/** `reads`: where the socket reads to. */
export function serverConnection(
  socket: Socket,
  reads: SharedReads,
  readers: ReplyReaders,
  events: ControlEvents,
): ControlConnection {
  return controlConnection(socket, reads, readers, serverSide, events);
}

/** What a session calls what comes from one side. */
type Side<E> = {
  line(text: string, input: string): SessionEvent;
  toEvent(event: E): SessionEvent;
  readonly end: SessionEvent;
};

const clientSide: Side<CommandEvent> = {
  line: (text) => ({ kind: "client-line", text, quirks: noQuirks }),
  toEvent(event) {
    switch (event.kind) {
      case "line":
        return { kind: "client-line", text: event.text, quirks: event.quirks };
      case "refused":
        return { kind: "client-refused", reason: event.reason };
      case "telnet-answer":
        return event;
    }
  },
  end: { kind: "client-end" },
};

const serverSide: Side<ReplyEvent> = {
  line: (text, raw) => ({ kind: "server-line", text, raw }),
  toEvent: (event) =>
    event.kind === "line"
      ? { kind: "server-line", text: event.text, raw: event.raw }
      : { kind: "server-refused", reason: event.reason },
  end: { kind: "server-end" },
};

function controlConnection<E>(
  socket: Socket,
  reads: SharedReads,
  readers: ReaderPool<Reader<E>>,
  side: Side<E>,
  events: ControlEvents,
): ControlConnection {
  const connection: ControlConnection = {
    socket,
    descriptor: directDescriptorOf(socket),
    unread: [],
    handedOver: 0,
    unwritten: "",
    writesUnderWay: 0,
    isReading: true,
    hasEnded: false,
    isDeaf: false,
  };
  /** Only while a line is incomplete. */
  let reader: Reader<E> | undefined;
  reads.deliver = (memory, count) => {
    if (connection.isDeaf) return;
    const input = reader === undefined && count <= ordinaryLimit ? latin1Of(memory, count) : "";
    const line = input === "" ? undefined : readers.ordinary(input);
    if (line === undefined) read(memory.subarray(0, count));
    else connection.unread.push(side.line(line, input));
    events.arrived(connection);
  };
  socket.on("end", () => {
    if (connection.isDeaf) return;
    connection.hasEnded = true;
    for (const event of reader?.end?.() ?? []) connection.unread.push(side.toEvent(event));
    connection.unread.push(side.end);
    events.arrived(connection);
  });
  socket.on("error", (error) => events.lost(connection, failureCode(error)));
  socket.on("drain", events.drained);
  socket.on("close", events.closed);
  return connection;

  function read(chunk: Uint8Array): void {
    reader ??= readers.take();
    for (const event of reader.feed(chunk)) connection.unread.push(side.toEvent(event));
    if (!endsLine(chunk)) return;
    readers.giveBack(reader);
    reader = undefined;
  }
}

/** Undocumented, but in every version of Node, and what `toString("latin1")` calls. */
type Latin1Memory = Uint8Array & { latin1Slice?(from: number, to: number): string };

function latin1Of(memory: Latin1Memory, count: number): string {
  return memory.latin1Slice?.(0, count) ?? Buffer.from(memory.subarray(0, count)).toString("latin1");
}

export function hasUnread({ unread, handedOver }: ControlConnection): boolean {
  return handedOver < unread.length;
}

/** Hands over the next event. */
export function takeNext(connection: ControlConnection): SessionEvent | undefined {
  const event = connection.unread[connection.handedOver];
  connection.handedOver += 1;
  if (!hasUnread(connection)) discardUnread(connection);
  return event;
}

function discardUnread(connection: ControlConnection): void {
  connection.unread.length = 0;
  connection.handedOver = 0;
}

/** What the peer has not taken yet: bytes. */
export function backlogOf({ socket, unwritten, writesUnderWay }: ControlConnection): number {
  return writesUnderWay === 0 ? unwritten.length : unwritten.length + socket.writableLength;
}

/** Returns whether there was anything to write. */
export function flush(connection: ControlConnection): boolean {
  const { socket, descriptor, unwritten, writesUnderWay } = connection;
  if (unwritten === "") return false;
  connection.unwritten = "";
  const rest = writesUnderWay === 0 ? sendDirectly(socket, descriptor, unwritten) : unwritten;
  if (rest === "" || !socket.writable) return true;
  connection.writesUnderWay += 1;
  socket.write(rest, "latin1", () => {
    connection.writesUnderWay -= 1;
  });
  return true;
}

/** Reads the socket, or leaves what it has in the kernel. */
export function setReading(connection: ControlConnection, wanted: boolean): void {
  if (wanted === connection.isReading) return;
  connection.isReading = wanted;
  if (wanted) connection.socket.resume();
  else connection.socket.pause();
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

/** A socket's end in canonical form. A socket that is already gone has none. */
export function endpointOf(address: string | undefined, port: number | undefined): Endpoint {
  return { address: parseAddress(address ?? "") ?? "0.0.0.0", port: port ?? 0 };
}

/** The system's word for what went wrong, e.g. `ECONNREFUSED`. */
function failureCode(error: unknown): string {
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
}
