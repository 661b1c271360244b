// Pooled servers: where the servers of a pool are, and how one of them is dialled. A name that was resolved once keeps its last addresses
// while nobody can resolve it, and no session waits for one that is looked up again.
import { parseAddress, sameEndpoint, type Endpoint } from "../../net/endpoint.ts";
import type { PoolRoute, PoolServer } from "../options.ts";
import { createCommonFeatures } from "./common-features.ts";
import type { Attempt } from "./dial-server.ts";
import type { NameResolver } from "./name-resolver.ts";
import { dialPool, type PooledDialOptions } from "./pooled-dial.ts";
import { membersOf, type PoolMember } from "./pool-members.ts";
import type { Servers } from "./servers.ts";

export type PooledServersDeps = Pick<
  PooledDialOptions,
  "dial" | "timeoutMs" | "keepaliveMs" | "pool" | "counted" | "greets"
> & {
  readonly names: NameResolver;
  /** What was found last for each name: outlasts a change of the options. */
  readonly lastAddresses: Map<string, readonly string[]>;
};

/** Once one server is known, so long is waited for the names of the others. */
const othersMs = 500;

export type PooledServers = Pick<Servers, "resolve" | "dial" | "states" | "learnFeatures" | "commonFeatures"> & {
  /** Where a server is now, by what name servers say; at least one. Reports once, after it has returned. */
  lookUp(server: PoolServer, settled: (members: readonly PoolMember[]) => void): Attempt;
};

export function createPooledServers(route: PoolRoute, deps: PooledServersDeps): PooledServers {
  const { pool, counted, lastAddresses } = deps;
  const open = route.servers.filter(({ weight }) => weight > 0);
  const { named, lookUp, patience } = createPoolNames(open, deps);
  const membersAt = (servers: readonly PoolServer[]): readonly PoolMember[] =>
    servers.flatMap((server) => membersOf(server, lastAddresses.get(server.server.host) ?? []));
  const features = createCommonFeatures();
  return {
    learnFeatures: features.learn,
    commonFeatures: () => features.common(membersAt(open).flatMap(({ endpoint }) => endpoint ?? [])),
    states: () => pool.states(membersAt(route.servers)),
    lookUp(server, settled) {
      const found = (): void => settled(membersAt([server]));
      if (parseAddress(server.server.host) === undefined) return lookUp(server, found);
      const immediate = setImmediate(found);
      return { cancel: () => clearImmediate(immediate) };
    },
    resolve(_, __, report) {
      const failures: string[] = [];
      let left = named.length;
      let timer: NodeJS.Timeout | undefined;
      let isOver = false;
      const finish = (): void => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        const members = membersAt(open);
        const candidates = members.flatMap(({ endpoint }) => endpoint ?? []);
        if (candidates.length > 0) return report({ kind: "resolved", candidates });
        const detail = failures.join(", ");
        for (const server of members) {
          counted(server, "unreachable", { change: pool.failed(server, route) ? "down" : undefined, detail });
        }
        report({ kind: "unresolved", detail: `no server of the pool has an address: ${detail}` });
      };
      const wait = (): void => {
        const ms = patience();
        if (ms !== undefined && !isOver) timer ??= setTimeout(finish, ms);
      };
      const settled = (failure?: string): void => {
        if (failure !== undefined) failures.push(failure);
        left -= 1;
        if (left === 0) finish();
        else wait();
      };
      wait();
      const attempts = named.map((server) => lookUp(server, settled));
      return {
        cancel() {
          isOver = true;
          clearTimeout(timer);
          for (const attempt of attempts) attempt.cancel();
        },
      };
    },
    dial: (candidates, { client, wanted }, events) =>
      dialPool(
        {
          ...deps,
          ...{ rules: route, wanted, client: client.peer, reached: client.local },
          members: allowedOf(membersAt(route.servers), candidates),
        },
        events,
      ),
  };
}

/** Without those addresses that may not be dialled; a server that has no other stays, without any. */
function allowedOf(members: readonly PoolMember[], candidates: readonly Endpoint[]): readonly PoolMember[] {
  const isAllowed = ({ endpoint }: PoolMember): boolean =>
    endpoint !== undefined && candidates.some((one) => sameEndpoint(one, endpoint));
  const allowed = members.filter(isAllowed);
  const without = members.filter(({ name }) => !allowed.some((one) => one.name === name));
  return [...allowed, ...without.map((member) => ({ ...member, endpoint: undefined }))];
}

type PoolNames = {
  /** The servers that have a name to be looked up. */
  readonly named: readonly PoolServer[];
  lookUp(server: PoolServer, settled: (failure?: string) => void): Attempt;
  /** How long lookups are waited for: undefined until their own end. */
  patience(): number | undefined;
};

function createPoolNames(
  open: readonly PoolServer[],
  { names, timeoutMs, lastAddresses }: Pick<PooledServersDeps, "names" | "timeoutMs" | "lastAddresses">,
): PoolNames {
  const named = open.filter(({ server }) => parseAddress(server.host) === undefined);
  /** Names that could not be resolved at their last lookup: nobody waits for them where another server is known. */
  const missing = new Set<string>();

  const isKnown = ({ server: { host } }: PoolServer): boolean =>
    parseAddress(host) !== undefined || (lastAddresses.get(host) ?? []).length > 0;
  return {
    named,
    lookUp({ server: { host } }, settled) {
      const failed = (detail: string): void => {
        missing.add(host);
        settled(`${host} ${detail}`);
      };
      return names.resolve(
        host,
        { client: undefined, timeoutMs },
        {
          resolved(addresses) {
            lastAddresses.set(host, addresses);
            missing.delete(host);
            settled();
          },
          failed,
          refused: () => failed("too many names are being looked up"),
        },
      );
    },
    patience() {
      if (!open.some(isKnown)) return undefined;
      return named.every((one) => isKnown(one) || missing.has(one.server.host)) ? 0 : othersMs;
    },
  };
}
