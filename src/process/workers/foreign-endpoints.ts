// Foreign endpoints: where the supervisor listens for operators. No session of any worker may lead there.
import { sameEndpoint, type Endpoint } from "../../net/endpoint.ts";
import type { Worker } from "./worker-group.ts";

export type ForeignEndpoints = {
  add(endpoint: Endpoint): void;
  remove(endpoint: Endpoint): void;
  all(): readonly Endpoint[];
};

export function createForeignEndpoints(running: () => readonly Worker[]): ForeignEndpoints {
  let endpoints: readonly Endpoint[] = [];
  return {
    add(endpoint) {
      endpoints = [...endpoints, endpoint];
      for (const { peer } of running()) peer.tell("addForeign", endpoint);
    },
    remove(endpoint) {
      endpoints = endpoints.filter((one) => !sameEndpoint(one, endpoint));
      for (const { peer } of running()) peer.tell("removeForeign", endpoint);
    },
    all: () => endpoints,
  };
}
