// Data connections that the kernel can carry: one leg listening and one dialled, for peers that are other machines.
import { familyOf, isUnspecified } from "../../net/endpoint.ts";
import type { DialLeg, ListenLeg, PinholeRequest, Side } from "../pinhole.ts";
import type { RouteKind } from "./netlink/route-message.ts";

export type NatLegs = {
  readonly listening: ListenLeg;
  readonly dialled: DialLeg & { readonly bind: string };
  readonly listeningSide: Side;
  readonly dialledSide: Side;
  /** The one address that may connect. */
  readonly peer: string;
};

/** 169.254.0.0/16 and fe80::/10, of an address in canonical form. */
const linkLocal = /^(?:169\.254\.|fe[89ab][0-9a-f]:)/;

/** The legs by their part, or why the kernel can't carry them. */
export function natLegs({ client, server }: PinholeRequest, route: (address: string) => RouteKind): NatLegs | string {
  const [listening, dialled] = client.kind === "listen" ? [client, server] : [server, client];
  if (listening.kind !== "listen") return "both sides are dialled";
  if (dialled.kind !== "dial") return "both sides listen";
  const listeningSide = client.kind === "listen" ? "client" : "server";
  const { bind } = dialled;
  if (listening.expect.match !== "address") return "its peer may come from more than one address";
  if (bind === undefined) return "no address is set to dial from";
  const peer = listening.expect.address;
  const addresses = [peer, listening.bind, dialled.to.address, bind];
  const family = familyOf(peer);
  if (addresses.some((address) => familyOf(address) !== family))
    return "its two sides are of different address families";
  if (addresses.some(isUnspecified)) return "one of its addresses is unspecified";
  for (const address of [peer, dialled.to.address]) {
    const obstacle = pathObstacle(address, route);
    if (obstacle !== undefined) return obstacle;
  }
  return {
    listening,
    dialled: { ...dialled, bind },
    listeningSide,
    dialledSide: listeningSide === "client" ? "server" : "client",
    peer,
  };
}

function pathObstacle(address: string, route: (address: string) => RouteKind): string | undefined {
  if (linkLocal.test(address)) return `${address} is a link-local address`;
  switch (route(address)) {
    case "forwarded":
      return undefined;
    case "local":
      return `${address} is this machine itself`;
    case "nowhere":
      return `there is no route to ${address}`;
  }
}
