// Ground: what data connections of this process stand on, sockets of Node's or streams on the loop: how legs come about, and what is done
// with one that nothing carries yet.
import type { DialLeg, ListenLeg, OpenRefusal } from "../pinhole.ts";
import type { Endpoint } from "../../net/endpoint.ts";
import type { Carry } from "./carriage.ts";

export type ListeningLeg = {
  /** Stops listening and gives the port back. An admitted connection stays open; call this once it has ended. */
  release(): void;
};

export type ListeningLegEvents<Leg> = {
  opened(endpoint: Endpoint): void;
  /** Nothing was opened, and nothing is left to release. */
  refused(reason: OpenRefusal, detail: string): void;
  stranger(from: Endpoint): void;
  /** Once. No byte was read from it, nor will be until somebody does. */
  admitted(leg: Leg, from: Endpoint): void;
};

export type DialledLegEvents<Leg> = {
  /** No byte was read from it, nor will be until somebody does. `refusal`: why the preferred port was not used. */
  connected(leg: Leg, refusal?: string): void;
  /** `wasReached`: the peer took the connection, and reset it before we had noticed. */
  failed(detail: string, wasReached: boolean): void;
};

export type Ground<Leg> = {
  listen(leg: ListenLeg, events: ListeningLegEvents<Leg>): ListeningLeg;
  /** One of the events comes, after the call has returned, unless `cancel` comes first; `cancel` does nothing after. */
  dial(leg: DialLeg, connectMs: number, events: DialledLegEvents<Leg>): { cancel(): void };
  /** A few bytes (latin1) in front of all that is carried. */
  say(leg: Leg, text: string): void;
  /** `heard`: there is something to read, or the end. Nothing else is heard of the leg. */
  watch(leg: Leg, events: { heard(): void; broken(detail: string): void }): void;
  /** What watching has read of it. */
  takeHead(leg: Leg): Buffer | undefined;
  reset(leg: Leg): void;
  close(leg: Leg): void;
  /** Bytes that the kernel has taken and the peer has not acknowledged. It may be asked for while something carries the leg. */
  unacknowledged(leg: Leg): () => number;
  /** Why it stands still, in words; empty if nothing is known. Asked for as above. */
  standstill(leg: Leg): () => string;
  readonly carry: Carry<Leg>;
};

/** Errors of `listen` that speak of the address or the port, not of the process. */
const addressErrors = new Set(["EADDRNOTAVAIL", "EACCES", "EPERM", "EINVAL", "EAFNOSUPPORT", "ENOTFOUND"]);

export function refusalFor(code: string): OpenRefusal {
  return addressErrors.has(code) ? "address-unavailable" : "plane-unavailable";
}

/** Ports tried where other programs hold ports of our range. */
export const attemptsLimit = 8;

/**
 * One connection is wanted; the rest is room for strangers that arrive before it. Where there is none, the kernel drops the
 * peer's SYN, and it comes again a second later.
 */
export const backlog = 128;

/**
 * Errors of the system for a source port that is not to be had: a connection from it to the same endpoint is open or in
 * TIME_WAIT, somebody listens on it, or the process may not bind it.
 */
export const sourcePortErrors = new Set(["EADDRNOTAVAIL", "EADDRINUSE", "EACCES", "EPERM"]);
