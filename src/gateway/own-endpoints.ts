// Own endpoints: where this process listens, its entrances and its admin listener, and which addresses this machine has.
// A session to one of the endpoints would loop, or reach what only operators may.
import { addressKind, embeddedAddresses } from "../net/address-kind.ts";
import { isUnspecified, sameEndpoint, type Endpoint } from "../net/endpoint.ts";
import type { OwnGround } from "../session/dialling.ts";
import { createOwnAddresses } from "./own-addresses.ts";

export type OwnEndpoints = OwnGround & {
  add(endpoint: Endpoint): void;
  remove(endpoint: Endpoint): void;
};

/** `isOwnAddress`: whether a literal address is one of this machine's. */
export function createOwnEndpoints(isOwnAddress = createOwnAddresses()): OwnEndpoints {
  const endpoints = new Set<Endpoint>();

  /** Whether a connection to `asked` may end at `listener`, which has the same port. */
  function takes(listener: Endpoint, asked: Endpoint): boolean {
    if (sameEndpoint(listener, asked)) return true;
    const isAnywhere = isUnspecified(listener.address);
    // Linux makes 127.0.0.1 of 0.0.0.0, and ::1 of ::.
    if (addressKind(asked.address) === "unspecified") return isAnywhere || isLoopback(listener.address);
    return isAnywhere && (isLoopback(asked.address) || isOwnAddress(asked.address));
  }

  return {
    add: (endpoint) => void endpoints.add(endpoint),
    remove: (endpoint) => void endpoints.delete(endpoint),
    listensAt({ address, port }) {
      const own = [...endpoints].filter((endpoint) => endpoint.port === port);
      if (own.length === 0) return false;
      const asked = [address, ...embeddedAddresses(address)];
      return asked.some((one) => own.some((listener) => takes(listener, { address: one, port })));
    },
    hasAddress: (address) => [address, ...embeddedAddresses(address)].some(isOwnAddress),
  };
}

function isLoopback(address: string): boolean {
  return addressKind(address) === "loopback";
}
