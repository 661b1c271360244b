// Bound sockets: TCP sockets that have their address and accept nobody here, to be given to other processes that do. As long as one of them
// is open, clients wait in its queue, and none is refused.
import { createServer, type Server } from "node:net";
import * as net from "node:net";
import { getSystemErrorName } from "node:util";
import { type Endpoint, familyOf, parseAddress } from "../net/endpoint.ts";
import { acceptOptions } from "./node-acceptor.ts";

/** Node's own, undocumented, and what `cluster` passes about. */
type NativeSocket = {
  getsockname(into: { address?: string; port?: number }): number;
  close(): void;
};
type CreateNative = (
  address: string | null,
  port: number,
  family: 4 | 6,
  descriptor: number | undefined,
  flags: number,
) => NativeSocket | number;

export type BoundSocket = {
  readonly endpoint: Endpoint;
  /** What `process.send` passes on beside a message, and `listenOnBound` takes in the other process. */
  readonly handle: unknown;
  close(): void;
};

const ipv6Only = 1;
const reusePort = 2;
const backlog = 1024;

/** With `mayShare` other processes may have the endpoint, too (SO_REUSEPORT). Throws an Error with the system's word in `code`. */
export function bindSocket({ address, port }: Endpoint, mayShare: boolean): BoundSocket {
  const family = familyOf(address);
  const flags = (family === 6 ? ipv6Only : 0) | (mayShare ? reusePort : 0);
  return boundTo(createNative(address, port, family, undefined, flags));
}

/** One that the process was started with. Throws an Error if that is no TCP socket. */
export function adoptBound(descriptor: number): BoundSocket {
  return boundTo(createNative(null, 0, 4, descriptor, 0));
}

/** Accepts from now on. `handle`: as it has come with a message from the process that has bound it. Throws an Error with the code EADDRINUSE. */
export function listenOnBound(handle: unknown): Server {
  const server = createServer(acceptOptions);
  // Told later, and known by then.
  const ignore = (): void => {};
  server.on("error", ignore);
  server.listen(handle, backlog);
  if (!server.listening) throw withCode("EADDRINUSE");
  server.off("error", ignore);
  return server;
}

/** Of a handle on which nobody listens here. Others that have it keep it. */
export function closeBound(handle: unknown): void {
  (handle as NativeSocket).close();
}

const createNative: CreateNative = (...how) => {
  const { _createServerHandle: create } = net as unknown as { readonly _createServerHandle?: CreateNative };
  if (create === undefined) throw withCode("ENOTSUP", "this Node.js can't bind a socket alone");
  return create(...how);
};

function boundTo(native: NativeSocket | number): BoundSocket {
  if (typeof native === "number") throw failure(native);
  const bound: { address?: string; port?: number } = {};
  // A port that is in use shows only here.
  const error = native.getsockname(bound);
  const address = parseAddress(bound.address ?? "");
  if (error !== 0 || address === undefined) {
    native.close();
    throw failure(error);
  }
  return { endpoint: { address, port: bound.port ?? 0 }, handle: native, close: () => native.close() };
}

/** Of libuv: the negative number of the system's. */
function failure(error: number): Error {
  return withCode(error < 0 ? getSystemErrorName(error) : "ENOTSOCK");
}

function withCode(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}
