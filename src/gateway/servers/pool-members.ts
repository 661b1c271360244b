// Pool members: each address of a server counts by itself, up or down, with sessions of its own. Operators see them as the one server that
// they have configured.
import { parseAddress, type Endpoint } from "../../net/endpoint.ts";
import type { PoolServer } from "../options.ts";

/** `id`: by which it is known. `endpoint`: undefined while the server's name has no address, or none that may be dialled. */
export type PoolMember = PoolServer & { readonly id: string; readonly endpoint: Endpoint | undefined };

/** At least one. `addresses`: those that the server's name has now; one that is configured by its address has that one. */
export function membersOf(server: PoolServer, addresses: readonly string[]): readonly PoolMember[] {
  const { name } = server;
  const { host, port } = server.server;
  if (parseAddress(host) !== undefined) return [{ ...server, id: name, endpoint: { address: host, port } }];
  if (addresses.length === 0) return [{ ...server, id: name, endpoint: undefined }];
  return addresses.map((address) => ({ ...server, id: `${name} ${address}`, endpoint: { address, port } }));
}
