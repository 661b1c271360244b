// Sockets: the two ways in which a process holds its control connections: on Node's own sockets, or on descriptors and an event loop of
// our own. What is accepted and what is dialled is a transport in either.
import type { Server, Socket } from "node:net";
import type { Family } from "../net/endpoint.ts";
import type { Loop } from "./loop/loop.ts";
import { acceptByNode } from "./node-acceptor.ts";
import { dialTransport } from "./node-transport.ts";
import type { Dial, Transport } from "./transport.ts";

export type AcceptorEvents = {
  accepted(transport: Transport): void;
  /** A connection could not be accepted; the system's word, e.g. `ENFILE`. */
  failed(cause: string): void;
};

export type AcceptorOptions = {
  /** TCP keepalive of what is accepted: milliseconds without traffic until the first probe. */
  readonly keepaliveMs: number;
  /** The process was started with it: connections may wait that were made before it was told anything. */
  readonly isInherited: boolean;
  /** What Node has accepted of it already; paused, and not read from. */
  readonly early: readonly Socket[];
};

/** One listening socket, and whoever connects there. */
export type Acceptor = {
  /** From now on. */
  setKeepalive(idleMs: number): void;
  /** Accepts connections to addresses of other machines, too. Returns why it may not, if so. */
  acceptForeign(family: Family): string | undefined;
  /** Of the listening socket, to hand it on; -1 once it is closed. */
  descriptor(): number;
  close(): void;
};

export type Sockets = {
  readonly kind: "node" | "loop";
  readonly dial: Dial;
  /** `server` listens, accepts with `acceptOptions`, and is the acceptor's from now on. */
  accept(server: Server, options: AcceptorOptions, events: AcceptorEvents): Acceptor;
  /** Something was asked of Node's own sockets: its loop turns before ours waits. */
  letNodeTurn(): void;
  /** Where it is: data connections may be there, too. */
  readonly loop: Loop | undefined;
};

export const nodeSockets: Sockets = {
  ...{ kind: "node", dial: dialTransport, accept: acceptByNode },
  letNodeTurn() {},
  loop: undefined,
};
