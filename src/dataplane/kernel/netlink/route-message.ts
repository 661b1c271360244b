// Route messages: the question which way the kernel sends packets for an address, and its answer (linux/rtnetlink.h).
import { familyOf } from "../../../net/endpoint.ts";
import { addressBytes } from "../../../net/address-bytes.ts";
import { flags, type Message, type MessageWriter } from "./netlink-message.ts";

/** `local`: this machine itself. `nowhere`: any route that leads to no host. */
export type RouteKind = "forwarded" | "local" | "nowhere";

const getRoute = 26;
const newRoute = 24;
const destination = 1;
const routeTypeAt = 7;

/** The answer is one message, or an error: ENETUNREACH. */
export function writeRouteQuestion(writer: MessageWriter, sequence: number, address: string): void {
  const family = familyOf(address);
  // struct rtmsg: family, length of the destination, and what the kernel fills in.
  const header = new Uint8Array(12);
  header[0] = family === 4 ? 2 : 10;
  header[1] = family === 4 ? 32 : 128;
  writer.begin(getRoute, flags.request, sequence);
  writer.bytes(header);
  writer.attribute(destination, addressBytes(address));
  writer.end();
}

/** Undefined for any other message. */
export function parseRoute({ type, payload }: Message): RouteKind | undefined {
  if (type !== newRoute || payload.length < 12) return undefined;
  const kind = payload[routeTypeAt];
  return kind === 1 ? "forwarded" : kind === 2 ? "local" : "nowhere";
}
