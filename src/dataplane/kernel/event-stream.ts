// The news of our connections as they come. The socket is polled by Node's own event loop: its pipe handle reads any
// descriptor, and no thread waits. The constructor of such handles is found where Node keeps one.
import { type Server, Socket } from "node:net";
import { type ConnectionNews, parseConnection } from "./conntrack-message.ts";
import { eventFilter } from "./event-filter.ts";
import type { Marks } from "./marks.ts";
import { parseMessages } from "./netlink-message.ts";
import { protocols } from "./netlink-socket.ts";
import { families, int32, levels, options, socketTypes, type SystemCalls } from "./system-calls.ts";

export type EventStream = { close(): void };

export type EventStreamEvents = {
  news(news: ConnectionNews): void;
  /** The kernel had more to tell than the socket holds, or the stream had to be opened anew: news are missing. */
  lost(): void;
  /** It can't be opened anew: no news will come. */
  failed(errno: number): void;
};

/** Of Node's `Pipe`: undocumented, and the same from Node 20 to 26. */
type PipeHandle = { open(descriptor: number): number };
export type PipeConstructor = new (type: number) => PipeHandle;
const plainSocket = 0;

/** A server that listens on a path holds such a handle. */
export function pipeConstructor(server: Server): PipeConstructor | undefined {
  const { _handle: handle } = server as unknown as { _handle?: { constructor: unknown; open?: unknown } };
  return typeof handle?.open === "function" ? (handle.constructor as PipeConstructor) : undefined;
}

/** New, changed and gone connections: NF_NETLINK_CONNTRACK_NEW, _UPDATE, _DESTROY. */
const groups = 1 | 2 | 4;
/** About 20 000 news; it costs nothing until they come faster than they are read. */
const defaultBufferBytes = 8 * 1024 * 1024;
const largestDatagram = 65_536;

export function openEventStream(
  calls: SystemCalls,
  Pipe: PipeConstructor,
  { marks, bufferBytes = defaultBufferBytes }: { readonly marks: Marks; readonly bufferBytes?: number | undefined },
  events: EventStreamEvents,
): EventStream | { readonly errno: number } {
  let isClosed = false;
  let socket: Socket | undefined;
  const errno = open();
  if (errno !== 0) return { errno };
  return {
    close() {
      isClosed = true;
      socket?.destroy();
    },
  };

  function open(): number {
    const descriptor = subscribe(calls, marks, bufferBytes);
    if (typeof descriptor !== "number") return descriptor.errno;
    const handle = new Pipe(plainSocket);
    const failure = handle.open(descriptor);
    if (failure !== 0) {
      calls.close(descriptor);
      return -failure;
    }
    const buffer = Buffer.alloc(largestDatagram);
    // The type of the constructor's options leaves `handle` out, and asks for a Uint8Array where any buffer serves.
    const settings = { handle, readable: true, writable: false, onread: { buffer, callback: read } };
    socket = new Socket(settings as unknown as ConstructorParameters<typeof Socket>[0]);
    // ENOBUFS ends the stream, and a new one begins.
    socket.on("error", () => {});
    socket.once("close", reopen);
    return 0;

    function read(length: number): boolean {
      for (const message of parseMessages(buffer.subarray(0, length))) {
        const news = parseConnection(message);
        if (news && !isClosed) events.news(news);
      }
      return !isClosed;
    }
  }

  function reopen() {
    if (isClosed) return;
    const failure = open();
    if (failure === 0) events.lost();
    else events.failed(failure);
  }
}

/** A descriptor that news of our connections alone arrive at. */
function subscribe(
  calls: SystemCalls,
  { value, mask }: Marks,
  bufferBytes: number,
): number | { readonly errno: number } {
  const type = socketTypes.raw | socketTypes.closeOnExec | socketTypes.nonBlocking;
  const descriptor = calls.socket(families.netlink, type, protocols.netfilter);
  if (descriptor < 0) return { errno: calls.errno() };
  const size = int32(bufferBytes);
  // The first needs CAP_NET_ADMIN; the second is held to net.core.rmem_max.
  if (calls.setsockopt(descriptor, levels.socket, options.forceReceiveBuffer, size, 4) < 0) {
    calls.setsockopt(descriptor, levels.socket, options.receiveBuffer, size, 4);
  }
  const filter = eventFilter(value, mask);
  // struct sock_fprog: the number of instructions, padding, and where they are.
  const program = Buffer.alloc(16);
  program.writeUInt16LE(filter.length / 8, 0);
  program.writeBigUInt64LE(BigInt(calls.memcpy(filter, filter, 0)), 8);
  // struct sockaddr_nl: family, padding, our number (the kernel gives one), groups.
  const address = Buffer.alloc(12);
  address.writeUInt16LE(families.netlink, 0);
  address.writeUInt32LE(groups, 8);
  const isReady =
    calls.setsockopt(descriptor, levels.socket, options.attachFilter, program, program.length) === 0 &&
    calls.bind(descriptor, address, address.length) === 0;
  if (isReady) return descriptor;
  const errno = calls.errno();
  calls.close(descriptor);
  return { errno };
}
