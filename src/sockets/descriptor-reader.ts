// Descriptor reader: Node's own event loop reads a descriptor that Node knows no kind of, a netlink socket say; no thread waits.
// Its pipe handle reads any descriptor, and the constructor of such handles is found where Node keeps one.
import { type Server, Socket, type SocketConstructorOpts } from "node:net";

/** Of Node's `Pipe`: undocumented, and the same from Node 20 to 26. */
type PipeHandle = { open(descriptor: number): number };
type PipeConstructor = new (type: number) => PipeHandle;
const plainSocket = 0;

/**
 * Calls `read` whenever something was read, which is then gone; false stops the reading. The socket owns the descriptor, and
 * closes by itself where reading fails. Or the system's error number, and the descriptor is the caller's to close.
 */
export type ReadDescriptor = (descriptor: number, read: () => boolean) => Socket | { readonly errno: number };

/** What is read is thrown away. */
const buffer = Buffer.alloc(4096);

/** `pathServer` listens on a path. Undefined if this version of Node has no such handle. */
export function descriptorReader(pathServer: Server): ReadDescriptor | undefined {
  const { _handle: listening } = pathServer as unknown as { _handle?: { constructor: unknown; open?: unknown } };
  if (typeof listening?.open !== "function") return undefined;
  const Pipe = listening.constructor as PipeConstructor;
  return (descriptor, read) => {
    const handle = new Pipe(plainSocket);
    const failure = handle.open(descriptor);
    if (failure !== 0) return { errno: -failure };
    // The type of the constructor's options leaves `handle` out.
    const settings = { handle, readable: true, writable: false, onread: { buffer, callback: read } };
    return new Socket(settings as unknown as SocketConstructorOpts).on("error", () => {});
  };
}
