// A socket that speaks as another machine: its local address is not one of ours (IP_TRANSPARENT). Its peer's packets find
// their way to it only where rules of the kernel divert them, as those for TPROXY do.
import { type OnReadOpts, Socket, type SocketConstructorOpts } from "node:net";
import type { Endpoint } from "../net/endpoint.ts";
import { loadSocketCalls } from "./socket-calls.ts";

/** A descriptor bound there, to listen on or to connect from; port 0 takes any. Throws an ErrnoException. */
export function bindForeign(local: Endpoint): number {
  const loaded = loadSocketCalls();
  if (!loaded.ok) throw Object.assign(new Error(loaded.reason), { code: "ENOSYS" });
  return loaded.calls.bindAnywhere(local);
}

/** Connects from there as `net.connect` would, half-open allowed: whatever fails is an `error` event. */
export function connectForeign(local: Endpoint, to: Endpoint, onread?: OnReadOpts): Socket {
  let fd: number;
  try {
    fd = bindForeign(local);
  } catch (error) {
    return new Socket().destroy(error as Error);
  }
  const options: SocketConstructorOpts = {
    fd,
    readable: true,
    writable: true,
    allowHalfOpen: true,
    ...(onread && { onread }),
  };
  // Undocumented, and needed: a socket made of a descriptor reads at once, and this one has no peer yet.
  const manual = { manualStart: true };
  const socket = new Socket({ ...options, ...manual });
  socket.once("connect", () => socket.setNoDelay(true));
  return socket.connect({ host: to.address, port: to.port });
}
