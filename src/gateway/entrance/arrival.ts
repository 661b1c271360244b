// Arrival: from an accepted socket to a client of which is known who it is, where it has connected to and which server it
// meant. What a connection says of itself before FTP begins belongs here, in the order of the bytes, so that neither admission nor
// driver knows of it.
import { familyOf, networkContains, type Endpoint } from "../../net/endpoint.ts";
import type { Transport } from "../../sockets/transport.ts";
import type { Entrance, GatewayOptions } from "../options.ts";
import type { Intercept, Interception } from "./interception.ts";
import type { ProxiedArrivals } from "./proxied-arrival.ts";

export type Arrival = {
  readonly transport: Transport;
  /** Whom limits, policy and log mean. */
  readonly client: Endpoint;
  /** Our end of the connection; on the transparent route where the client believes to be connected to. */
  readonly local: Endpoint;
  /** The address that a 227 names to this client. */
  readonly advertise: string;
  /** On the transparent route: the server that the client meant. */
  readonly interception: Interception | undefined;
  /** TLS begins with its first byte. */
  readonly isImplicit: boolean;
};

/** Of a gateway's settings. */
export type ArrivalSettings = {
  readonly options: Pick<GatewayOptions, "clientSide" | "timeouts">;
  /** The transparent route only. */
  readonly intercept: Intercept | undefined;
};

export type ArrivalEvents = {
  /** The login time of the session runs from then. */
  arrived(arrival: Arrival): void;
  /** It does not come from a balancer, or the balancer's header is none. `detail`: why, for operators. */
  refused(transport: Transport, detail: string): void;
};

/** One of the events comes once: at once where nothing has to be read first. */
export function receiveClient(
  transport: Transport,
  { proxyProtocol, tls }: Entrance,
  { options: { clientSide, timeouts }, intercept }: ArrivalSettings,
  proxied: ProxiedArrivals,
  events: ArrivalEvents,
): void {
  const { peer, local } = transport;
  const arrived = (client: Endpoint, reached: Endpoint): void => {
    const interception = intercept?.(transport);
    const advertise = interception?.advertise ?? clientAdvertise(clientSide, client, reached);
    events.arrived({ transport, client, local, advertise, interception, isImplicit: tls === "implicit" });
  };
  if (proxyProtocol === undefined) return arrived(peer, local);
  proxied.receive(transport, proxyProtocol, timeouts.loginMs, {
    arrived: (header) => (header.kind === "local" ? arrived(peer, local) : arrived(header.source, header.destination)),
    refused: (detail) => events.refused(transport, detail),
  });
}

/**
 * The address to put into 227 for this client: the first rule that names its network, then the common one, then the one that it has
 * connected to: ours, or that of the balancer in front.
 */
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
