// Wake-up of the process when one of our connections ends: somebody may wait for that, and hears from its peers by nothing
// else. What happened is in the event stream; here it is only noticed that something did.
import type { Socket } from "node:net";
import { subscribe } from "./event-subscription.ts";
import type { Marks } from "../marks.ts";
import type { ReadDescriptor } from "../../../sockets/descriptor-reader.ts";
import type { SystemCalls } from "../../../sockets/system-calls.ts";

/** What is not read in time is no loss: the process is awake. */
const bufferBytes = 65_536;

/** Calls `wake` when one of our connections has ended. */
export function subscribeWakeups(
  calls: SystemCalls,
  readDescriptor: ReadDescriptor,
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
    const reader = readDescriptor(descriptor, () => {
      if (!isClosed) wake();
      return !isClosed;
    });
    if ("errno" in reader) {
      calls.close(descriptor);
      return reader.errno;
    }
    socket = reader;
    // ENOBUFS ends the socket, and a new one begins. If that fails, the timer of the stream is left.
    socket.once("close", () => {
      if (isClosed) return;
      subscribeOnce();
      wake();
    });
    return 0;
  }
}
