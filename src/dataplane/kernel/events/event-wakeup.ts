// Wake-up of the process when one of our connections ends: somebody may wait for that, and hears from its peers by nothing
// else. What happened is in the event stream; here it is only noticed that something did. Node's own event loop polls the
// socket: its pipe handle reads any descriptor, and no thread waits. The constructor of such handles is found where Node
// keeps one.
import { type Server, Socket } from "node:net";
import { subscribe } from "./event-subscription.ts";
import type { Marks } from "../marks.ts";
import type { SystemCalls } from "../../../sockets/system-calls.ts";

/** Of Node's `Pipe`: undocumented, and the same from Node 20 to 26. */
type PipeHandle = { open(descriptor: number): number };
export type PipeConstructor = new (type: number) => PipeHandle;
const plainSocket = 0;

/** A server that listens on a path holds such a handle. */
export function pipeConstructor(server: Server): PipeConstructor | undefined {
  const { _handle: handle } = server as unknown as { _handle?: { constructor: unknown; open?: unknown } };
  return typeof handle?.open === "function" ? (handle.constructor as PipeConstructor) : undefined;
}

/** What is not read in time is no loss: the process is awake. */
const bufferBytes = 65_536;
const buffer = Buffer.alloc(4096);

/** Calls `wake` when one of our connections has ended. */
export function subscribeWakeups(
  calls: SystemCalls,
  Pipe: PipeConstructor,
  marks: Marks,
  wake: () => void,
): { close(): void } | { readonly errno: number } {
  let isClosed = false;
  let socket: Socket | undefined;
  const errno = subscribeOnce();
  if (errno !== 0) return { errno };
  return {
    close() {
      isClosed = true;
      socket?.destroy();
    },
  };

  function subscribeOnce(): number {
    const descriptor = subscribe(calls, marks, "ends", bufferBytes);
    if (typeof descriptor !== "number") return descriptor.errno;
    const handle = new Pipe(plainSocket);
    const failure = handle.open(descriptor);
    if (failure !== 0) {
      calls.close(descriptor);
      return -failure;
    }
    const onread = {
      buffer,
      callback() {
        if (!isClosed) wake();
        return !isClosed;
      },
    };
    // The type of the constructor's options leaves `handle` out.
    const settings = { handle, readable: true, writable: false, onread };
    socket = new Socket(settings as unknown as ConstructorParameters<typeof Socket>[0]);
    // ENOBUFS ends the socket, and a new one begins. If that fails, the timer of the stream is left.
    socket.on("error", () => {});
    socket.once("close", () => {
      if (isClosed) return;
      subscribeOnce();
      wake();
    });
    return 0;
  }
}
