// Local peer: the process at the other end of a unix socket that Node has accepted: who it is, and a descriptor for it.
import type { Socket } from "node:net";
import { loadLocalCalls, type Peer } from "./local-calls.ts";
import { descriptorOf } from "./socket-handle.ts";

/** Undefined if the connection is closed, or there is no FFI. */
export function peerOf(socket: Socket): Peer | undefined {
  const loaded = loadLocalCalls();
  return loaded.ok ? loaded.calls.peerOf(descriptorOf(socket)) : undefined;
}

/** Nothing must wait to be written. Does not wait itself. Undefined, or why it was not sent. */
export function sendDescriptor(socket: Socket, text: string, descriptor: number): string | undefined {
  const loaded = loadLocalCalls();
  return loaded.ok ? loaded.calls.sendDescriptor(descriptorOf(socket), text, descriptor) : loaded.reason;
}
