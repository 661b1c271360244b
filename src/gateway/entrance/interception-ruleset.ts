// Interception ruleset: the nftables table that brings clients' connections to a transparent gateway, as text for `nft -f`: their control
// connections, and the data connections of those clients that dial the server's address instead of the one in 227, as EPSV
// makes all of them do. Loading it again replaces it; `nft delete table` takes it away.
import { type Endpoint, type Family, familyOf, isUnspecified } from "../../net/endpoint.ts";
import type { GatewayOptions, TransparentRoute } from "../options.ts";

/** What a transparent gateway's rules are made of. */
export type InterceptionOptions = Pick<GatewayOptions, "name" | "listen"> & {
  readonly route: Pick<TransparentRoute, "method" | "ports" | "interface">;
  readonly clientSide: Pick<GatewayOptions["clientSide"], "dataPorts">;
  readonly timeouts: Pick<GatewayOptions["timeouts"], "keepaliveMs">;
};

/** "FT"; of the packet, not of the connection. Only packets that end at the gateway ever bear it. */
const mark = "0x4654";
const routingTable = 4654;
const families: readonly Family[] = [4, 6];

/** The name of the table of a gateway: every name that a gateway may have is allowed in it. */
export function interceptionTable(gateway: string): string {
  return `ftp_alg_${gateway}`;
}

/** Comments in it say what else the machine needs. Port 0 in `listen` is not known before the start: no rule is made for it. */
export function interceptionRuleset(options: InterceptionOptions): string {
  const table = interceptionTable(options.name);
  const body = options.route.method === "tproxy" ? tproxyChains(options) : redirectChains(options);
  const notes = options.route.method === "tproxy" ? tproxyNotes(options) : redirectNotes(options);
  return [
    `# Gateway ${options.name}, ${options.route.method}.`,
    ...notes.map((line) => `# ${line}`.trimEnd()),
    `table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    ...body.map((line) => `  ${line}`.trimEnd()),
    "}",
    "",
  ].join("\n");
}

const ip = { 4: "ip", 6: "ip6" } as const;
const nfproto = { 4: "ipv4", 6: "ipv6" } as const;

/** The first listener of each family. */
function listeners({ listen }: InterceptionOptions): readonly (readonly [Family, Endpoint])[] {
  return families.flatMap((family) => {
    const found = listen.find(({ address, port }) => familyOf(address) === family && port !== 0);
    return found === undefined ? [] : [[family, found] as const];
  });
}

function from({ route }: InterceptionOptions): string {
  return route.interface === undefined ? "" : `iifname "${route.interface}" `;
}

function tproxyChains(options: InterceptionOptions): string[] {
  const ports = options.route.ports.join(", ");
  return [
    "chain prerouting {",
    "  type filter hook prerouting priority mangle; policy accept;",
    ...listeners(options).map(([family, { address, port }]) => {
      const to = isUnspecified(address) ? `:${port}` : `${family === 4 ? address : `[${address}]`}:${port}`;
      const match = `${from(options)}meta nfproto ${nfproto[family]} tcp dport { ${ports} } fib daddr type != local`;
      return `  ${match} tproxy ${ip[family]} to ${to} meta mark set ${mark} accept`;
    }),
    "  # A listener for any address gets no more than that. Not `wildcard 0` below: it fails while a connection is being opened.",
    "  meta l4proto tcp socket wildcard 1 return",
    "  # What belongs to any other socket of the gateway, at whichever address: sessions, and pinholes, each for its one port.",
    `  meta l4proto tcp socket transparent 1 meta mark set ${mark} accept`,
    "}",
  ];
}

function tproxyNotes(options: InterceptionOptions): string[] {
  return [
    "Marked packets are delivered to the gateway whatever their address:",
    ...listeners(options).flatMap(([family]) => [
      `  ip -${family} rule add fwmark ${mark} lookup ${routingTable}`,
      `  ip -${family} route add local default dev lo table ${routingTable}`,
    ]),
    "A firewall on this machine must let them in: meta mark " + mark + " accept",
    "Strict reverse path filtering (rp_filter=1) is no obstacle unless src_valid_mark is 1 too.",
    "The gateway needs CAP_NET_RAW or CAP_NET_ADMIN, and CAP_NET_BIND_SERVICE for data connections from port 20.",
  ];
}

/** A pair is forgotten after that. Three answers to keepalives may be lost, which come at least every 75 s once one is missing. */
function pairSeconds({ timeouts }: InterceptionOptions): number {
  return Math.ceil((3 * Math.max(timeouts.keepaliveMs, 75_000)) / 1000);
}

function redirectChains(options: InterceptionOptions): string[] {
  const ports = options.route.ports.join(", ");
  const { dataPorts } = options.clientSide;
  const found = listeners(options);
  const control = found.map(([family, { address, port }]) => {
    const target = isUnspecified(address)
      ? `redirect to :${port}`
      : `dnat ${ip[family]} to ${family === 4 ? address : `[${address}]`}:${port}`;
    return `${from(options)}meta nfproto ${nfproto[family]} tcp dport { ${ports} } fib daddr type != local ${target}`;
  });
  if (dataPorts === undefined) {
    return [
      "chain redirection {",
      "  type nat hook prerouting priority dstnat; policy accept;",
      ...indent(control),
      "}",
    ];
  }
  const range = dataPorts.first === dataPorts.last ? `${dataPorts.first}` : `${dataPorts.first}-${dataPorts.last}`;
  return [
    ...found.flatMap(([family]) => [
      "# Who talks FTP with whom: a data port is one only between these two. The keepalive of the control connection renews it.",
      `set pairs${family} { type ${nfproto[family]}_addr . ${nfproto[family]}_addr; flags dynamic, timeout; timeout ${pairSeconds(options)}s; size 65535; }`,
    ]),
    "chain observation {",
    "  type filter hook prerouting priority mangle; policy accept;",
    "  # Only of connections that the gateway has accepted, and that were redirected: packets alone make no pair.",
    ...found.map(([family]) => {
      const match = `${from(options)}tcp dport { ${ports} } ct state established ct status dnat fib daddr type != local`;
      return `  ${match} update @pairs${family} { ${ip[family]} saddr . ${ip[family]} daddr }`;
    }),
    "}",
    "chain redirection {",
    "  type nat hook prerouting priority dstnat; policy accept;",
    ...indent(control),
    ...found.map(([family, { address }]) => {
      const target = isUnspecified(address) ? "redirect" : `dnat ${ip[family]} to ${address}`;
      return `  ${from(options)}tcp dport ${range} ${ip[family]} saddr . ${ip[family]} daddr @pairs${family} ${target}`;
    }),
    "}",
  ];
}

function redirectNotes(options: InterceptionOptions): string[] {
  const { dataPorts } = options.clientSide;
  const ports = listeners(options).map(([, { port }]) => String(port));
  if (dataPorts === undefined) {
    return [
      "Without clientSide.dataPorts there is no rule for data connections: clients that dial the server's address instead",
      "of the one in 227, and EPSV, which has none, do not reach the gateway.",
    ];
  }
  return [
    "A firewall on this machine must let the clients in to the ports of the gateway: " +
      [...new Set(ports), `${dataPorts.first}-${dataPorts.last}`].join(", "),
    "Some clients insist on the server's address in 227; with these rules it serves: route.transparent.advertise: server.",
  ];
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
