// Descriptor reader: Node's own event loop reads a descriptor that Node knows no kind of, a netlink socket say; no thread waits.
// Its pipe handle reads any descriptor, and the constructor of such handles is found at a socket that Node has made one for.
import { Socket, type SocketConstructorOpts } from "node:net";
import { families, socketTypes, type SystemCalls } from "./system-calls.ts";

/** Of Node's `Pipe`: undocumented, and the same from Node 20 to 26. */
type PipeHandle = { open(descriptor: number): number };
type PipeConstructor = new (type: number) => PipeHandle;
type HandleHolder = { readonly _handle?: { readonly constructor: unknown; readonly open?: unknown } };
const plainSocket = 0;

/**
 * Calls `read` whenever something was read, which is then gone; false stops the reading. The socket owns the descriptor, and
 * closes by itself where reading fails. Or the system's error number, and the descriptor is the caller's to close.
 */
export type ReadDescriptor = (descriptor: number, read: () => boolean) => Socket | { readonly errno: number };

/** What is read is thrown away. */
const buffer = Buffer.alloc(4096);

/** Undefined if this version of Node has no such handle, or the process may have no local socket. */
export function descriptorReader(calls: SystemCalls): ReadDescriptor | undefined {
  const Pipe = pipeConstructor(calls);
  if (Pipe === undefined) return undefined;
  return (descriptor, read) => {
    const handle = new Pipe(plainSocket);
    const failure = handle.open(descriptor);
    if (failure !== 0) return { errno: -failure };
    // The type of the constructor's options leaves `handle` out.
    const settings = { handle, readable: true, writable: false, onread: { buffer, callback: read } };
    return new Socket(settings as unknown as SocketConstructorOpts).on("error", () => {});
  };
}

/** Node takes a local socket for a pipe. This one has neither a name nor a peer, and is closed again. */
function pipeConstructor(calls: SystemCalls): PipeConstructor | undefined {
  const descriptor = calls.socket(families.local, socketTypes.stream | socketTypes.closeOnExec, 0);
  if (descriptor < 0) return undefined;
  const socket = new Socket({ fd: descriptor, readable: false, writable: false });
  const { _handle: handle } = socket as unknown as HandleHolder;
  socket.destroy();
  return typeof handle?.open === "function" ? (handle.constructor as PipeConstructor) : undefined;
}
