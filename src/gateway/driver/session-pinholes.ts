// The pinholes of one session: plans become requests with addresses, ports and times, and every pinhole is known until the
// data plane has closed it.
import type {
  ByteCounts,
  DataPlane,
  DialLeg,
  ExpectedPeer,
  Leg,
  Pinhole,
  PinholeEvent,
  Side,
} from "../../dataplane/pinhole.ts";
import type { PortPool } from "../../dataplane/port-pool.ts";
import { familyOf, type Endpoint, type Network } from "../../net/endpoint.ts";
import { formatProxyHeader, type ProxyVersion } from "../../net/proxy-protocol.ts";
import type { SessionEffect, LegPlan } from "../../session/events.ts";
import { serverOf, type ControlSide, type Session } from "../../session/state.ts";
import { soon } from "../../sockets/soon.ts";
import type { LegTlsSource } from "../../tls/leg-tls.ts";
import type { DataPeer } from "../options.ts";
import type { ClientShare } from "../entrance/client-share.ts";
import type { Interception } from "../entrance/interception.ts";

/** What one side's legs are made with. */
type SideOptions = {
  readonly ports: PortPool;
  readonly dataPeer: DataPeer;
  /** Who carries its data connections, with a PROXY header each; absent: the peer makes them itself. */
  readonly balancers?: readonly Network[];
};

export type PinholeOptions = {
  readonly plane: DataPlane;
  readonly client: SideOptions;
  readonly server: SideOptions;
  readonly expiryMs: number;
  readonly connectMs: number;
  readonly stallMs: number;
  /** So many may be open for one client, in all of its sessions. */
  readonly mostPerClient: number;
};

export type SessionPinholes = {
  open(effect: Extract<SessionEffect, { kind: "open" }>, session: Session): void;
  tell(what: "start" | "confirm" | "linger" | "release" | "dismiss", id: number): void;
  /** What an open one has carried so far. */
  counts(id: number): ByteCounts | undefined;
  releaseAll(): void;
  isEmpty(): boolean;
};

/** Whose pinholes they are: how its client came, and what that one shares with its other sessions. */
export type PinholeOwner = {
  readonly interception: Interception | undefined;
  readonly share: ClientShare;
  /** What a leg that runs TLS does it with. */
  legTls(side: Side, id: number): LegTlsSource;
  /** Of the PROXY header that the server wants before its data connections. */
  dataHeader(): ProxyVersion | undefined;
};

export function createSessionPinholes(
  options: PinholeOptions,
  { interception, share, legTls, dataHeader }: PinholeOwner,
  report: (id: number, event: PinholeEvent) => void,
): SessionPinholes {
  const open = new Map<number, Pinhole>();
  let lingerMs = 0;
  return {
    open({ id, client, server }, session) {
      if (share.pinholes >= options.mostPerClient) {
        soon(() => report(id, { kind: "refused", reason: "too-many-pinholes", detail: "" }));
        return;
      }
      share.pinholes += 1;
      lingerMs = session.options.timeouts.lingerMs;
      const request = {
        client: {
          ...leg(client, session.client, options.client, { isForeign: interception?.asServer }),
          ...(client.protection && { tls: legTls("client", id) }),
        },
        server: {
          ...leg(server, serverOf(session), options.server, { isForeign: interception?.asClient, isRouted: true }),
          ...(server.protection && { tls: legTls("server", id) }),
          ...(server.kind === "dial" && opening(dataHeader(), session.client)),
        },
        expiryMs: options.expiryMs,
        connectMs: options.connectMs,
        stallMs: options.stallMs,
      };
      const pinhole = options.plane.open(request, (event) => {
        if (event.kind === "closed" || event.kind === "refused") {
          open.delete(id);
          share.pinholes -= 1;
        }
        report(id, event);
      });
      open.set(id, pinhole);
    },
    tell(what, id) {
      const pinhole = open.get(id);
      if (what === "linger") pinhole?.linger(lingerMs);
      else pinhole?.[what]();
    },
    counts: (id) => open.get(id)?.counts(),
    releaseAll() {
      for (const pinhole of open.values()) pinhole.release();
    },
    isEmpty: () => open.size === 0,
  };
}

/** `isRouted`: the control connection to this peer was made by us, from the address that the system took. */
type LegTraits = { readonly isForeign?: boolean | undefined; readonly isRouted?: boolean };

/** A leg lives on the address of its side's control connection: that is the one its peer can reach, and expects. */
function leg(plan: LegPlan, control: ControlSide, side: SideOptions, traits: LegTraits): Leg {
  const { isForeign = false } = traits;
  const bind = control.local.address;
  if (plan.kind === "listen") {
    const expect = expected(side.dataPeer, control.peer);
    const wanted = plan.port === undefined ? {} : { port: plan.port };
    const through = side.balancers && { balancers: side.balancers };
    return { kind: "listen", bind, isForeign, ports: side.ports, ...wanted, expect, ...through };
  }
  const { to, fromPort } = plan;
  const isRouted = traits.isRouted === true && to.address === control.peer.address;
  const dialled = { kind: "dial", to, bind, isForeign, isRouted } as const;
  return fromPort === undefined || fromPort <= 0 ? dialled : { ...dialled, fromPort };
}

/** Of the client's own data connection; where it makes none, of its control connection. */
function opening(version: ProxyVersion | undefined, { peer, local }: ControlSide): Pick<DialLeg, "opening"> {
  if (version === undefined) return {};
  return {
    opening: (other) =>
      formatProxyHeader(version, {
        kind: "proxied",
        source: other?.from ?? peer,
        destination: other?.at ?? local,
      }),
  };
}

function expected(dataPeer: DataPeer, { address }: Endpoint): ExpectedPeer {
  if (typeof dataPeer === "object") return { match: "networks", networks: dataPeer.networks };
  switch (dataPeer) {
    case "same-address":
      return { match: "address", address };
    // The blocks within which a client behind several NAT addresses usually stays.
    case "same-network":
      return { match: "network", network: { base: address, bits: familyOf(address) === 4 ? 24 : 64 } };
    case "any":
      return { match: "any" };
  }
}
