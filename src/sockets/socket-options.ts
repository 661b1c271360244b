// Socket options: what Linux can do with a socket or a listener of Node's and Node has no name for. Without the FFI nothing is set, and what is
// asked for is not known; each function says what that means.
import type { Server, Socket } from "node:net";
import type { Endpoint, Family } from "../net/endpoint.ts";
import { loadSocketCalls } from "./socket-calls.ts";
import { explainStandstill } from "./tcp-info.ts";
import { descriptorOf, handleOf, plainDescriptorOf } from "./socket-handle.ts";

/**
 * What a listener accepts keeps urgent bytes in the stream (SO_OOBINLINE). ABOR comes with one, which the kernel takes out
 * otherwise; without the FFI it is lost.
 */
export function keepUrgentInline(listener: Server): void {
  const loaded = loadSocketCalls();
  if (loaded.ok) loaded.calls.keepUrgentInline(descriptorOf(listener));
}

/**
 * What a listener accepts needs no calls of its own for TCP_NODELAY, keepalive after `idleMs`, and what `limitUnacknowledged` does:
 * Linux hands them on. False without the FFI: then each socket has to be told.
 */
export function presetAccepted(listener: Server, idleMs: number): boolean {
  const loaded = loadSocketCalls();
  return loaded.ok && loaded.calls.presetAccepted(descriptorOf(listener), idleMs);
}

/**
 * A peer that does not acknowledge what was sent is given up after as long as keepalive after `idleMs` would take: a bit more than
 * that (TCP_USER_TIMEOUT). Without the FFI TCP repeats it for a quarter of an hour.
 */
export function limitUnacknowledged(socket: Socket, idleMs: number): void {
  const loaded = loadSocketCalls();
  const descriptor = descriptorOf(socket);
  if (loaded.ok && descriptor >= 0) loaded.calls.limitUnacknowledged(descriptor, idleMs);
}

/**
 * Whatever closes it resets the connection, the end of the process included (SO_LINGER with no time); off, it ends in order.
 * Set on a listener, it holds for what it accepts. Without the FFI a killed process ends its connections in order.
 */
export function resetWhenClosed(holder: Server | Socket, isOn: boolean): void {
  const loaded = loadSocketCalls();
  const descriptor = descriptorOf(holder);
  if (loaded.ok && descriptor >= 0) loaded.calls.resetWhenClosed(descriptor, isOn);
}

/**
 * Lets a listener accept connections to addresses of other machines (IP_TRANSPARENT, for TPROXY). Returns why it may not,
 * if so.
 */
export function acceptForeignAddresses(listener: Server, family: Family): string | undefined {
  const loaded = loadSocketCalls();
  if (!loaded.ok) return loaded.reason;
  const error = loaded.calls.makeTransparent(descriptorOf(listener), family);
  return error && `${error}; it needs CAP_NET_RAW or CAP_NET_ADMIN`;
}

/** As `acceptForeignAddresses`, of a listening socket that Node does not have yet. */
export function acceptForeignOn(descriptor: number, family: Family): string | undefined {
  const loaded = loadSocketCalls();
  return loaded.ok ? loaded.calls.makeTransparent(descriptor, family) : loaded.reason;
}

/** To hand it on to another process; -1 once it is closed. */
export function listeningDescriptor(listener: Server): number {
  return descriptorOf(listener);
}

/** Where an accepted connection was going before it was redirected. Undefined if the kernel has no record of it. */
export function originalDestination(accepted: Socket, family: Family): Endpoint | undefined {
  const loaded = loadSocketCalls();
  return loaded.ok ? loaded.calls.originalDestination(descriptorOf(accepted), family) : undefined;
}

/**
 * Tells how many bytes the kernel has taken and the peer has not acknowledged, 0 if that is not known or the connection is
 * closed. It may be asked for after another socket has taken the connection over.
 */
export function watchUnacknowledged(socket: Socket): () => number {
  const loaded = loadSocketCalls();
  // The handle outlives a takeover; once it is closed, its descriptor may be another connection's, and it has none any more.
  const handle = handleOf(socket);
  return loaded.ok ? () => loaded.calls.unacknowledgedBytes(handle?.fd ?? -1) : () => 0;
}

/** Tells why the connection stands still, in words; empty if nothing is known. Asked for as above. */
export function watchStandstill(socket: Socket): () => string {
  const loaded = loadSocketCalls();
  const handle = handleOf(socket);
  if (!loaded.ok) return () => "";
  const { calls } = loaded;
  return () => explainStandstill(calls.tcpInfo(handle?.fd ?? -1), calls.unacknowledgedBytes(handle?.fd ?? -1));
}

/** Bytes of writes that the kernel has not taken yet. */
export function unsentBytes(socket: Socket): number {
  return handleOf(socket)?.writeQueueSize ?? 0;
}

/**
 * The descriptor of a connection, lent to another thread that moves its bytes. The socket stays the owner: it must be neither
 * read nor written meanwhile, and it alone closes the descriptor. Undefined if it is closed, or no plain TCP: the bytes of a
 * protected connection are not those on the wire.
 */
export function lendDescriptor(socket: Socket): number | undefined {
  const descriptor = plainDescriptorOf(socket);
  return descriptor < 0 ? undefined : descriptor;
}
