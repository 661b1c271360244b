// The handle that a socket of Node's wraps, and the descriptor in it. Only this folder looks at them; who needs more of a
// socket than Node offers asks `socket-options.ts` or `transport.ts`.
import type { Server, Socket } from "node:net";

/** Undocumented, but unchanged from Node 20 to 26, and what `cluster` passes about. */
export type SocketHandle = {
  readonly fd?: number;
  /** Bytes of writes that the kernel has not taken yet. */
  readonly writeQueueSize?: number;
  reading: boolean;
  readStop(): number;
};

/** Undefined once it is closed, and where Node wraps nothing. */
export function handleOf(holder: Socket | Server): SocketHandle | undefined {
  return (holder as unknown as { _handle?: SocketHandle | null })._handle ?? undefined;
}

/** The descriptor beneath, be it TLS that stands above it; -1 if there is none. */
export function descriptorOf(holder: Socket | Server): number {
  return handleOf(holder)?.fd ?? -1;
}

/**
 * The handle of a socket whose bytes are those on the wire. `tls.TLSSocket` has another, which shows the descriptor beneath
 * it all the same: what is sent or spliced there goes past the encryption.
 */
export function plainHandleOf(socket: Socket): SocketHandle | undefined {
  const handle = handleOf(socket);
  return handle?.constructor.name === "TCP" ? handle : undefined;
}

/** Its descriptor; -1 if there is none. */
export function plainDescriptorOf(socket: Socket): number {
  return plainHandleOf(socket)?.fd ?? -1;
}
