// Shared resources: what a process has one of for all of its gateways.
import { createOwnEndpoints, type OwnEndpoints } from "./own-endpoints.ts";
import { createPortPools, type PortPools } from "./port-pools.ts";
import { createSessionIds, type SessionIds } from "./session-ids.ts";

export type SharedResources = {
  readonly ownEndpoints: OwnEndpoints;
  readonly portPools: PortPools;
  readonly sessionIds: SessionIds;
};

export function createSharedResources(): SharedResources {
  return { ownEndpoints: createOwnEndpoints(), portPools: createPortPools(), sessionIds: createSessionIds() };
}
