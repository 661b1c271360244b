// Conflicts between settings that are right each by itself: names, endpoints and ranges that get in each other's way. It
// looks at the document rather than at the parsed settings, so that these are reported together with all else; whatever is
// malformed there it leaves to the schema.
import {
  formatEndpoint,
  familyOf,
  isUnspecified,
  networkContains,
  parseAddress,
  sameEndpoint,
} from "../net/endpoint.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { PortRange } from "../gateway/options.ts";
import type { Problem } from "./config.ts";
import { parseEntranceForm } from "./entrance.ts";
import { fileConflicts } from "./file-conflicts.ts";
import { defaultName, formatRange, parseListen, parsePortRange, parseServer } from "./settings.ts";
import type { Setting } from "./settings.ts";

type At<T> = { readonly path: string; readonly value: T };

type Listener = At<Endpoint>;

type GatewayLayout = {
  readonly name: At<string>;
  readonly listeners: readonly Listener[];
  readonly ranges: readonly At<PortRange>[];
  /** Only a literal one. */
  /** Those with literal addresses. */
  readonly servers: readonly At<Endpoint>[];
};

export function conflictsOf(document: unknown): Problem[] {
  const gateways = listOf(get(document, "gateways")).map(layoutOf);
  const adminListener = at("admin.listen", get(get(document, "admin"), "listen"), parseListen);
  const listeners = [...gateways.flatMap((gateway) => gateway.listeners), ...(adminListener ? [adminListener] : [])];
  return [
    ...sameNames(gateways.map(({ name }) => name)),
    ...sameListeners(listeners),
    ...fileConflicts(document),
    ...crossingRanges(gateways.flatMap(({ ranges }) => ranges)),
    ...gateways.flatMap(listenersInRanges),
    ...gateways.flatMap((gateway) =>
      loops(
        gateway,
        gateways.flatMap((other) => other.listeners),
      ),
    ),
  ];
}

function layoutOf(gateway: unknown, index: number): GatewayLayout {
  const here = `gateways[${index}]`;
  const name = get(gateway, "name");
  const sides = ["clientSide", "serverSide"];
  return {
    name: {
      path: `${here}.name`,
      value: typeof name === "string" || typeof name === "number" ? String(name) : defaultName(index),
    },
    listeners: listenersOf(get(gateway, "listen"), `${here}.listen`),
    ranges: sides.flatMap((side) => {
      const range = at(`${here}.${side}.dataPorts`, get(get(gateway, side), "dataPorts"), parseListenedPorts);
      return range ? [range] : [];
    }),
    servers: serversOf(get(gateway, "route"), `${here}.route`),
  };
}

/** The ports on which a side listens, in either form of the key: what peers are told is no port of this machine. */
function parseListenedPorts(raw: unknown): Setting<PortRange> {
  const isMapping = typeof raw === "object" && raw !== null && "listen" in raw;
  return parsePortRange(isMapping ? raw.listen : raw);
}

/** A value alone is a list of one, and may be several endpoints. */
function listenersOf(raw: unknown, path: string): Listener[] {
  const places = Array.isArray(raw)
    ? raw.map((item: unknown, index) => ({ item, here: `${path}[${index}]` }))
    : undefined;
  return (places ?? [{ item: raw, here: path }]).flatMap(({ item, here }) => {
    const entrance = at(here, item, parseEntranceForm);
    return entrance ? entrance.value.map((value) => ({ path: entrance.path, value })) : [];
  });
}

function serversOf(route: unknown, path: string): At<Endpoint>[] {
  const raw = get(route, "servers");
  const pooled = (Array.isArray(raw) ? raw : [raw]).map((entry: unknown, index) =>
    typeof entry === "object" && entry !== null
      ? at(`${path}.servers[${index}].server`, get(entry, "server"), parseLiteralServer)
      : at(`${path}.servers[${index}]`, entry, parseLiteralServer),
  );
  return [at(`${path}.server`, get(route, "server"), parseLiteralServer), ...pooled].filter((one) => one !== undefined);
}

function parseLiteralServer(raw: unknown): Setting<Endpoint> {
  const server = parseServer(raw);
  if ("problem" in server) return server;
  const { host, port } = server.value;
  return parseAddress(host) === undefined ? { problem: "a name" } : { value: { address: host, port } };
}

function get(holder: unknown, key: string): unknown {
  return typeof holder === "object" && holder !== null ? Reflect.get(holder, key) : undefined;
}

function listOf(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : [];
}

function at<T>(path: string, raw: unknown, parse: (raw: unknown) => Setting<T>): At<T> | undefined {
  const setting = parse(raw);
  return "value" in setting ? { path, value: setting.value } : undefined;
}

/** Every later one paired with the first earlier one that it clashes with. */
function clashes<T>(all: readonly At<T>[], clash: (a: T, b: T) => boolean): { later: At<T>; earlier: At<T> }[] {
  return all.flatMap((later, index) => {
    const earlier = all.slice(0, index).find((other) => clash(other.value, later.value));
    return earlier ? [{ later, earlier }] : [];
  });
}

function sameNames(names: readonly At<string>[]): Problem[] {
  return clashes(names, (a, b) => a === b).map(({ later, earlier }) => ({
    path: later.path,
    message: `${later.value} is taken by ${earlier.path}`,
  }));
}

function sameListeners(listeners: readonly Listener[]): Problem[] {
  return clashes(listeners, contend).map(({ later, earlier }) => ({
    path: later.path,
    message: `${formatEndpoint(later.value)} is taken by ${earlier.path} (${formatEndpoint(earlier.value)})`,
  }));
}

/** The wildcard of a family takes the port on every address of that family; port 0 never clashes. */
function contend(a: Endpoint, b: Endpoint): boolean {
  if (a.port === 0 || a.port !== b.port || familyOf(a.address) !== familyOf(b.address)) return false;
  return sameEndpoint(a, b) || isUnspecified(a.address) || isUnspecified(b.address);
}

/**
 * Two ranges are the same, and then they share their ports, or they are apart: in between, each would count ports that the other
 * has in use, and the size of neither would tell how many transfers it has room for.
 */
function crossingRanges(ranges: readonly At<PortRange>[]): Problem[] {
  return clashes(ranges, cross).map(({ later, earlier }) => ({
    path: later.path,
    message:
      `${formatRange(later.value)} overlaps ${earlier.path} (${formatRange(earlier.value)}); ` +
      "two ranges must be the same or have no port in common",
  }));
}

function cross(a: PortRange, b: PortRange): boolean {
  return a.first <= b.last && b.first <= a.last && !(a.first === b.first && a.last === b.last);
}

function listenersInRanges({ listeners, ranges }: GatewayLayout): Problem[] {
  return ranges.flatMap(({ path, value: { first, last } }) =>
    listeners
      .filter(({ value }) => value.port >= first && value.port <= last)
      .map((listener) => ({
        path,
        message: `${first}-${last} contains port ${listener.value.port}, on which ${listener.path} listens`,
      })),
  );
}

/** A server that is an entrance of this process, as far as literal addresses tell; the rest is refused when a session connects. */
function loops(gateway: GatewayLayout, all: readonly Listener[]): Problem[] {
  const { servers, listeners } = gateway;
  return servers.flatMap((server) => {
    const reached = [...listeners, ...all].find(({ value }) => reaches(server.value, value));
    if (reached === undefined) return [];
    const what = listeners.includes(reached) ? "this gateway itself" : `${reached.path}, and no gateway connects there`;
    return [{ path: server.path, message: `${formatEndpoint(server.value)} is ${what}` }];
  });
}

function reaches(server: Endpoint, listener: Endpoint): boolean {
  const isLoopback = server.address === "::1" || networkContains({ base: "127.0.0.0", bits: 8 }, server.address);
  return sameEndpoint(server, listener) || (isLoopback && isUnspecified(listener.address) && contend(server, listener));
}
