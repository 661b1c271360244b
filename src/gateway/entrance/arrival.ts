// Arrival: from an accepted socket to a client of which is known who it is, where it has connected to and which server it
// meant. What a connection says of itself before FTP begins belongs here, in the order of the bytes, so that neither admission nor
// driver knows of it.
import type { Endpoint } from "../../net/endpoint.ts";
import type { Transport } from "../../sockets/transport.ts";
import type { Advertising } from "../advertising.ts";
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
  /** A balancer's own connection, which looks whether anybody is there. */
  readonly isCheck: boolean;
};

/** Of a gateway's settings. */
export type ArrivalSettings = {
  readonly options: Pick<GatewayOptions, "timeouts">;
  readonly advertising: Advertising;
  /** The transparent route only. */
  readonly intercept: Intercept | undefined;
};

export type ArrivalEvents = {
  /** The login time of the session runs from then. */
  arrived(arrival: Arrival): void;
  /**
   * `proxy-header`: it does not come from a balancer, or the balancer's header is none. `no-address`: what peers are told is not known
   * yet. `detail`: more for operators, or empty.
   */
  refused(transport: Transport, reason: "proxy-header" | "no-address", detail: string): void;
};

/** One of the events comes once: at once where nothing has to be read first. */
export function receiveClient(
  transport: Transport,
  { proxyProtocol, tls }: Entrance,
  { options: { timeouts }, advertising, intercept }: ArrivalSettings,
  proxied: ProxiedArrivals,
  events: ArrivalEvents,
): void {
  const { peer, local } = transport;
  const arrived = (client: Endpoint, reached: Endpoint, isCheck: boolean): void => {
    if (!advertising.isKnown()) return events.refused(transport, "no-address", "");
    const interception = intercept?.(transport);
    const advertise = interception?.advertise ?? advertising.toClient(client, reached);
    events.arrived({ transport, client, local, advertise, interception, isImplicit: tls === "implicit", isCheck });
  };
  if (proxyProtocol === undefined) return arrived(peer, local, false);
  proxied.receive(transport, proxyProtocol, timeouts.loginMs, {
    arrived: (header) =>
      header.kind === "local" ? arrived(peer, local, true) : arrived(header.source, header.destination, false),
    refused: (detail) => events.refused(transport, "proxy-header", detail),
  });
}
