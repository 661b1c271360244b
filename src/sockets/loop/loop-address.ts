// Addresses of sockets on the loop, as the kernel writes them.
import { addressAt } from "../../net/address-bytes.ts";
import type { Endpoint } from "../../net/endpoint.ts";
import { nowhere } from "../socket-ends.ts";
import type { LoopCalls } from "./loop-calls.ts";

const inet = { ipv4: 2, ipv6: 10 } as const;
const size = 28;
/** Where the kernel writes one, with its length, which it also reads. */
export const addressMemory = Buffer.alloc(size);
export const addressLength = Buffer.alloc(4);
const view = new DataView(addressMemory.buffer, addressMemory.byteOffset, size);

/** To be called before the kernel writes one. */
export function expectAddress(): void {
  addressLength[0] = size;
}

/** What the kernel has just written. */
export function writtenEndpoint(): Endpoint {
  const isIPv4 = addressMemory[0] === inet.ipv4;
  const address = isIPv4 ? addressAt(view, 4, 4) : addressAt(view, 8, 16);
  return address === undefined ? nowhere : { address, port: view.getUint16(2) };
}

/** Our end of a connection. */
export function localEndpoint(calls: LoopCalls, descriptor: number): Endpoint {
  expectAddress();
  return calls.getSocketName(descriptor, addressMemory, addressLength) === 0 ? writtenEndpoint() : nowhere;
}
