// Pooled servers: where the servers of a pool are, and how one of them is dialled. A name that was resolved once keeps its last addresses
// while nobody can resolve it, and no session waits for one that is looked up again.
import { parseAddress, sameEndpoint, type Endpoint } from "../../net/endpoint.ts";
import type { PoolRoute, PoolServer } from "../options.ts";
import type { Attempt } from "./dial-server.ts";
import type { NameResolver } from "./name-resolver.ts";
import { dialPool, type PooledDialOptions } from "./pooled-dial.ts";
import type { Servers } from "./servers.ts";

export type PooledServersDeps = Pick<
  PooledDialOptions,
  "dial" | "timeoutMs" | "keepaliveMs" | "pool" | "counted" | "greets"
> & {
  readonly names: NameResolver;
};

/** Once one server is known, so long is waited for the names of the others. */
const othersMs = 500;

export function createPooledServers(route: PoolRoute, deps: PooledServersDeps): Pick<Servers, "resolve" | "dial"> {
  const { names, timeoutMs } = deps;
  const { servers } = route;
  /** By the name of the server. */
  const endpoints = new Map<string, readonly Endpoint[]>();
  for (const { name, server } of servers) {
    if (parseAddress(server.host) !== undefined) endpoints.set(name, [{ address: server.host, port: server.port }]);
  }
  const named = servers.filter(({ name }) => !endpoints.has(name));

  function lookUp(
    { name, server: { host, port } }: PoolServer,
    client: string,
    settled: (failure?: string) => void,
  ): Attempt {
    return names.resolve(
      host,
      { client, timeoutMs },
      {
        resolved(addresses) {
          endpoints.set(
            name,
            addresses.map((address) => ({ address, port })),
          );
          settled();
        },
        failed: (detail) => settled(`${host} ${detail}`),
        refused: () => settled(`${host} too many names are being looked up`),
      },
    );
  }

  return {
    resolve(_, { address: client }, report) {
      const failures: string[] = [];
      let left = named.length;
      let isOver = false;
      const finish = (): void => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        const candidates = servers.flatMap(({ name }) => endpoints.get(name) ?? []);
        if (candidates.length > 0) report({ kind: "resolved", candidates });
        else report({ kind: "unresolved", detail: failures.join(", ") });
      };
      const settled = (failure?: string): void => {
        if (failure !== undefined) failures.push(failure);
        left -= 1;
        if (left === 0) finish();
      };
      const isWaiting = named.some(({ name }) => !endpoints.has(name));
      const isAnyKnown = endpoints.size > 0;
      const timer = setTimeout(finish, isWaiting ? (isAnyKnown ? othersMs : timeoutMs) : 0);
      const attempts = named.map((server) => lookUp(server, client, settled));
      return {
        cancel() {
          isOver = true;
          clearTimeout(timer);
          for (const attempt of attempts) attempt.cancel();
        },
      };
    },
    dial: (candidates, { client }, events) =>
      dialPool(
        {
          ...deps,
          ...{ route, client: client.peer, reached: client.local },
          endpointsOf: ({ name }) =>
            (endpoints.get(name) ?? []).filter((one) => candidates.some((allowed) => sameEndpoint(allowed, one))),
        },
        events,
      ),
  };
}
