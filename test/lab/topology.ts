// Who is where in a lab: a client behind the NAT, the edge that does it, and a server outside. The addresses are those of
// the documents that the tests replay.

export type Place = "client" | "edge" | "server";
export type Family = "IPv4" | "IPv6";

/** Which firewall the edge is: `nat` masquerades and drops, `open` only routes (what client and server do undisturbed). */
export type EdgeKind = "nat" | "open";

export const places: readonly Place[] = ["client", "edge", "server"];

export const addresses = {
  client: { IPv4: "192.168.1.100", IPv6: "fd00:1::100" },
  edgeToClient: { IPv4: "192.168.1.1", IPv6: "fd00:1::1" },
  edgeToServer: { IPv4: "10.0.0.1", IPv6: "fd00:2::1" },
  server: { IPv4: "10.0.0.5", IPv6: "fd00:2::5" },
} as const satisfies Record<string, Record<Family, string>>;

/** More addresses of the server's host, for servers that run beside each other. */
export const moreServerAddresses = ["10.0.0.6", "fd00:2::6", "10.0.0.7", "fd00:2::7"];

/** The last part of a place's namespace name. */
export const shortPlace: Record<Place, string> = { client: "cli", edge: "edge", server: "srv" };

const lengthOf = (address: string): string => (address.includes(":") ? "64 nodad" : "24");

/** `ip -batch` lines that join three empty namespaces. */
export const wiring = (namespace: Record<Place, string>): string => `
link add lan netns ${namespace.client} type veth peer name lan netns ${namespace.edge}
link add wan netns ${namespace.edge} type veth peer name wan netns ${namespace.server}
`;

/** `ip -n NAMESPACE -batch` lines of one place: its addresses, links and routes. */
export function placeWiring(place: Place): string {
  const lines = ["link set lo up"];
  const add = (device: string, address: string): void => {
    lines.push(`addr add ${address}/${lengthOf(address)} dev ${device}`);
  };
  const link = (device: string, ...own: string[]): void => {
    for (const address of own) add(device, address);
    lines.push(`link set ${device} up`);
  };
  const gateway = (via: Record<Family, string>): void => {
    lines.push(`route add default via ${via.IPv4}`, `route add ::/0 via ${via.IPv6}`);
  };
  switch (place) {
    case "client":
      link("lan", ...Object.values(addresses.client));
      gateway(addresses.edgeToClient);
      break;
    case "edge":
      link("lan", ...Object.values(addresses.edgeToClient));
      link("wan", ...Object.values(addresses.edgeToServer));
      break;
    case "server":
      link("wan", ...Object.values(addresses.server), ...moreServerAddresses);
      gateway(addresses.edgeToServer);
      break;
  }
  return `${lines.join("\n")}\n`;
}

/**
 * The edge's firewall: masquerading, and forwarding only of what the client side began: FTP control connections, and
 * connections to unprivileged ports (so that passive FTP needs no help). No kernel FTP helper is assigned.
 */
export const natRuleset = `
table inet edge {
  counter refused { }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" tcp dport { 21, 1024-65535 } ct state new accept
    counter name "refused"
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade
  }
}
`;
