// Dialling: whether the gateway may connect to an endpoint at a peer's word. One judgement for control and data
// connections, on the resolved literal address, before each is dialled.
import { addressKind } from "../net/address-kind.ts";
import type { Endpoint } from "../net/endpoint.ts";

/** What belongs to this process and to this machine. Asked each time: both change. */
export type OwnGround = {
  /** One of our own listeners, an entrance or the admin listener, would take a connection to it, however it is written. */
  listensAt(endpoint: Endpoint): boolean;
  /** This machine would take connections to it. */
  hasAddress(address: string): boolean;
};

/**
 * `own-listener`: never to be dialled. `special-address`: loopback, link-local, unspecified, multicast, one of these inside
 * an IPv6 address, or this machine's own; only to be dialled where somebody entitled has named it.
 */
export type Obstacle = "own-listener" | "special-address";

/** Why `endpoint` is not to be dialled, or undefined. `isNamed`: the address itself was named, by who may name any. */
export function obstacleTo(endpoint: Endpoint, own: OwnGround, isNamed: boolean): Obstacle | undefined {
  if (own.listensAt(endpoint)) return "own-listener";
  return !isNamed && isSpecial(endpoint.address, own) ? "special-address" : undefined;
}

function isSpecial(address: string, own: OwnGround): boolean {
  return addressKind(address) !== "ordinary" || own.hasAddress(address);
}
