// Expected peer: whether who has connected to a listening leg is whom it waits for.
import { type Endpoint, networkContains, parseAddress } from "../../net/endpoint.ts";
import type { ExpectedPeer } from "../pinhole.ts";

/** Port 0: it had gone before it could be asked. */
export function isExpected(expected: ExpectedPeer, { address, port }: Endpoint): boolean {
  if (port === 0) return false;
  switch (expected.match) {
    case "address":
      return address === parseAddress(expected.address);
    case "network":
      return networkContains(expected.network, address);
    case "networks":
      return expected.networks.some((network) => networkContains(network, address));
    case "any":
      return true;
  }
}
