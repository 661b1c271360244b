// Pool: the servers of a route that has several, and how sessions are spread over them.
import { z } from "zod";
import type { Balance, HealthChecks, PoolServer } from "../gateway/options.ts";
import { formatEndpoint, parseAddress } from "../net/endpoint.ts";
import { parseHostPattern } from "./host-pattern.ts";
import { choice, count, duration, listOf, scalar } from "./scalars.ts";
import { parseFile, parseServer, parseUser, parseUserPattern } from "./settings.ts";

const defaultWeight = 1;

const entry = z.strictObject({
  server: scalar(parseServer),
  weight: count(100, 0).default(defaultWeight),
  proxyProtocol: choice<"v1" | "v2">({ v1: true, v2: true }).exactOptional(),
  proxyProtocolData: z.boolean().exactOptional(),
  users: listOf(scalar(parseUserPattern), "needs at least one user").exactOptional(),
  hosts: listOf(scalar(parseHostPattern), "needs at least one host").exactOptional(),
});

const poolServer = z.union(
  [
    scalar(parseServer).transform((server): PoolServer => ({ name: nameOf(server), server, weight: defaultWeight })),
    entry.transform((given): PoolServer => ({ ...given, name: nameOf(given.server) })),
  ],
  {
    error({ input }) {
      if (input === undefined) return "is required";
      const server = parseServer(input);
      return "problem" in server ? server.problem : undefined;
    },
  },
);

function nameOf({ host, port }: PoolServer["server"]): string {
  return parseAddress(host) === undefined ? `${host}:${port}` : formatEndpoint({ address: host, port });
}

export const servers = listOf(poolServer, "needs at least one server")
  .superRefine((all, { addIssue }) => {
    const names = all.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) < index);
    if (twice !== undefined) addIssue({ code: "custom", message: `names ${twice} twice` });
    for (const [index, { proxyProtocol, proxyProtocolData }] of all.entries()) {
      if (proxyProtocolData !== true || proxyProtocol !== undefined) continue;
      const path = [index, "proxyProtocolData"];
      addIssue({ code: "custom", path, message: "needs proxyProtocol, which says in what version" });
    }
  })
  .refine((all) => all.length === 0 || all.some(({ weight }) => weight > 0), {
    error: "needs a server whose weight is above 0",
  });

export const balance = choice<Balance>({
  "least-sessions": true,
  "round-robin": true,
  "client-hash": true,
  "user-hash": true,
});

export const health = z
  .strictObject({
    every: duration(100).default(10_000),
    fall: count(1000).default(3),
    timeout: duration(100).exactOptional(),
    rise: count(1000).exactOptional(),
    login: z.strictObject({ user: scalar(parseUser), passwordFile: scalar(parseFile).exactOptional() }).exactOptional(),
    transfer: choice<"none" | "list">({ none: true, list: true }).exactOptional(),
  })
  .refine(({ login, transfer }) => transfer !== "list" || login !== undefined, {
    error: "list needs login",
    path: ["transfer"],
  });

export type Health = z.output<typeof health>;

/** Undefined where sessions alone find out who is up: none of the keys of checks is there. */
export function checksOf({ timeout, rise, login, transfer }: Partial<Health>): HealthChecks | undefined {
  if (timeout === undefined && rise === undefined && login === undefined && transfer === undefined) return undefined;
  return { timeoutMs: timeout ?? 5000, rise: rise ?? 2, isListing: transfer === "list", ...(login && { login }) };
}

/** The gateway greets by itself, and USER or HOST tells which server is meant. */
export function isChosenByUser(route: {
  readonly servers?: readonly PoolServer[];
  readonly balance?: Balance;
}): boolean {
  const isNamed = route.servers?.some(({ users, hosts }) => users !== undefined || hosts !== undefined) ?? false;
  return isNamed || route.balance === "user-hash";
}
