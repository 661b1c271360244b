// Wake-up of the process when one of our connections ends, or when a ruleset changes: somebody may wait for that, and hears of
// it by nothing else. What happened is asked elsewhere; here it is only noticed that something did.
import type { Socket } from "node:net";
import { subscribe, subscribeRulesets } from "./event-subscription.ts";
import type { Marks } from "../marks.ts";
import type { ReadDescriptor } from "../../../sockets/descriptor-reader.ts";
import type { SystemCalls } from "../../../sockets/system-calls.ts";

/** What is not read in time is no loss: the process is awake. */
const bufferBytes = 65_536;

export type Wakeups = { close(): void };

/** Calls `wake` when one of our connections has ended. */
export function subscribeWakeups(
  calls: SystemCalls,
  readDescriptor: ReadDescriptor,
  marks: Marks,
  wake: () => void,
): Wakeups | { readonly errno: number } {
  return wakeOn(calls, readDescriptor, () => subscribe(calls, marks, "ends", bufferBytes), wake);
}

/** Calls `wake` when a table, a chain or a rule of this network namespace has changed, our own table's too. */
export function subscribeRulesetWakeups(
  calls: SystemCalls,
  readDescriptor: ReadDescriptor,
  wake: () => void,
): Wakeups | { readonly errno: number } {
  return wakeOn(calls, readDescriptor, () => subscribeRulesets(calls, bufferBytes), wake);
}

function wakeOn(
  calls: SystemCalls,
  readDescriptor: ReadDescriptor,
  open: () => number | { readonly errno: number },
  wake: () => void,
): Wakeups | { readonly errno: number } {
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
    const descriptor = open();
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
