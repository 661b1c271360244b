// Client share: whom the limits mean, and what one client holds of a gateway at this moment.
import { addressBytes } from "../../net/address-bytes.ts";
import { familyOf } from "../../net/endpoint.ts";

export type ClientShare = {
  readonly client: string;
  readonly network: string;
  /** Sessions that have not ended. */
  sessions: number;
  /** Connections that are being closed: those of ended sessions, and those of clients that were turned away. */
  closing: number;
  /** Data connections that are open or being opened. */
  pinholes: number;
  /** Monotonic milliseconds: until then no more commands of it are read. */
  readAgainAt: number;
};

/** Whom the limits mean by an address: itself, or the /64 of an IPv6 address, for one customer has all of it. */
export function clientOf(address: string): string {
  return familyOf(address) === 4 ? address : prefixOf(address, 8);
}

/** The network that a client is in, for shares among strangers: its /24, or its /48. */
export function networkOf(address: string): string {
  return prefixOf(address, familyOf(address) === 4 ? 3 : 6);
}

export function createShare(address: string): ClientShare {
  return {
    client: clientOf(address),
    network: networkOf(address),
    sessions: 0,
    closing: 0,
    pinholes: 0,
    readAgainAt: 0,
  };
}

export function holdsNothing({ sessions, closing, pinholes }: ClientShare): boolean {
  return sessions === 0 && closing === 0 && pinholes === 0;
}

/** The first bytes in hexadecimal, with their number: `c00002/24`. */
function prefixOf(address: string, bytes: number): string {
  return `${Buffer.from(addressBytes(address).subarray(0, bytes)).toString("hex")}/${8 * bytes}`;
}
