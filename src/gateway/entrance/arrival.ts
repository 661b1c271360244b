// Arrival: from an accepted socket to a client of which is known who it is, where it has connected to and which server it
// meant. What a connection says of itself before FTP begins belongs here, in the order of the bytes, so that neither admission nor
// driver knows of it.
import { familyOf, networkContains, type Endpoint } from "../../net/endpoint.ts";
import type { Transport } from "../../sockets/transport.ts";
import type { GatewayOptions } from "../options.ts";
import type { Intercept, Interception } from "./interception.ts";

export type Arrival = {
  readonly transport: Transport;
  /** Whom limits, policy and log mean. */
  readonly client: Endpoint;
  /** Where the client believes to be connected to, as far as the gateway can tell. */
  readonly local: Endpoint;
  /** The address that a 227 names to this client. */
  readonly advertise: string;
  /** On the transparent route: the server that the client meant. */
  readonly interception: Interception | undefined;
  /** TLS begins with its first byte. */
  readonly isImplicit: boolean;
};

export type ArrivalOptions = {
  readonly clientSide: GatewayOptions["clientSide"];
  /** The transparent route only. */
  readonly intercept: Intercept | undefined;
  readonly isImplicit: boolean;
};

/** Calls `arrived` once, at once: nothing has to be read yet. The login time of the session runs from then. */
export function receiveClient(
  transport: Transport,
  { clientSide, intercept, isImplicit }: ArrivalOptions,
  arrived: (arrival: Arrival) => void,
): void {
  const { peer: client, local } = transport;
  const interception = intercept?.(transport);
  const advertise = interception?.advertise ?? clientAdvertise(clientSide, client, local);
  arrived({ transport, client, local, advertise, interception, isImplicit });
}

/** The address to put into 227 for this client: the first rule that names its network, then the common one, then ours. */
export function clientAdvertise(
  { advertiseTo, advertise }: GatewayOptions["clientSide"],
  client: Endpoint,
  local: Endpoint,
): string {
  const rule = advertiseTo.find(({ clients }) => networkContains(clients, client.address));
  return ofSameFamily(rule?.address ?? advertise, local);
}

/** `advertise`, or the local address where that is of the other family: it can't be announced on this connection. */
export function ofSameFamily(advertise: string | undefined, local: Endpoint): string {
  return advertise !== undefined && familyOf(advertise) === familyOf(local.address) ? advertise : local.address;
}
