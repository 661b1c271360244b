// Shared resources: what a process has one of for all of its gateways.
import type { ListenerOptions } from "./entrance/listener.ts";
import { createListeningSockets, type ListeningSockets } from "./entrance/listening-sockets.ts";
import type { SessionPlaces } from "./entrance/admission.ts";
import type { SharedCounts } from "./entrance/shared-counts.ts";
import { createChangingAddresses, type AddressNews, type ChangingAddresses } from "./changing-addresses.ts";
import { createOwnEndpoints, type OwnEndpoints } from "./own-endpoints.ts";
import { createPortPools, type PortPools } from "./port-pools.ts";
import { createNameResolver, type NameResolver, type NameResolverOptions } from "./servers/name-resolver.ts";
import { nodeSockets, type Sockets } from "../sockets/sockets.ts";
import { createSessionIds, type SessionIds } from "./session-ids.ts";
import type { TicketRing } from "./tls/loaded-tls.ts";

/** What the descriptors of the process suffice for: so many sessions, and the first so many of them for newcomers. */
export type DescriptorShares = { readonly sessions: number; readonly newcomers: number };

export type SharedResources = {
  readonly sockets: Sockets;
  readonly listeningSockets: ListeningSockets;
  readonly ownEndpoints: OwnEndpoints;
  readonly portPools: PortPools;
  readonly sessionIds: SessionIds;
  readonly names: NameResolver;
  readonly addresses: ChangingAddresses;
  readonly places: SessionPlaces;
  /** What the gateway of that name counts together with other processes; undefined where there are none. */
  readonly countsOf: (gateway: string) => SharedCounts | undefined;
  readonly ticketRing: TicketRing;
  /** From 0 to below 1; which of equal servers comes first. */
  readonly dice: () => number;
};

export function createSharedResources(
  listening: Partial<Pick<ListenerOptions, "sockets" | "takeInherited" | "mayShare">> = {},
  naming: NameResolverOptions = {},
  descriptors: DescriptorShares = { sessions: Infinity, newcomers: Infinity },
  report: (news: AddressNews) => void = () => {},
  countsOf: SharedResources["countsOf"] = () => undefined,
): SharedResources {
  const { sockets = nodeSockets } = listening;
  const ownEndpoints = createOwnEndpoints();
  const resolver = createNameResolver(naming);
  const names: NameResolver = {
    ...resolver,
    resolve(host, options, events) {
      sockets.letNodeTurn();
      return resolver.resolve(host, options, events);
    },
  };
  return {
    sockets,
    listeningSockets: createListeningSockets(ownEndpoints, { ...listening, sockets }),
    ownEndpoints,
    portPools: createPortPools(),
    sessionIds: createSessionIds(),
    names,
    addresses: createChangingAddresses({ names, report }),
    places: { most: descriptors.sessions, taken: 0, descriptors: descriptors.newcomers },
    countsOf,
    ticketRing: {},
    dice: () => 0,
  };
}
