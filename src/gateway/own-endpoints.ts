// Own endpoints: where this process listens for clients. A session to one of them would loop.
import { networkInterfaces } from "node:os";
import { isUnspecified, networkContains, parseAddress, sameEndpoint, type Endpoint } from "../net/endpoint.ts";

export type OwnEndpoints = {
  add(endpoint: Endpoint): void;
  remove(endpoint: Endpoint): void;
  has(endpoint: Endpoint): boolean;
};

export function createOwnEndpoints(): OwnEndpoints {
  const endpoints = new Set<Endpoint>();
  return {
    add: (endpoint) => void endpoints.add(endpoint),
    remove: (endpoint) => void endpoints.delete(endpoint),
    has(asked) {
      for (const own of endpoints) {
        if (sameEndpoint(own, asked)) return true;
        if (own.port === asked.port && isUnspecified(own.address) && isLocal(asked.address)) return true;
      }
      return false;
    },
  };
}

const loopback = { base: "127.0.0.0", bits: 8 };

function isLocal(address: string): boolean {
  if (isUnspecified(address) || networkContains(loopback, address)) return true;
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return interfaces.some((entry) => parseAddress(entry.address) === address);
}
