// The gateway's own nftables table, as text for `nft -f`: maps that pinholes are put into, and the chains that act on them.
// Loading it replaces the table as a whole, pinholes that a gateway left behind included. Connections that are running go
// on: their translation is with connection tracking, and they are recognised by their mark.
import type { Family } from "../../../net/endpoint.ts";
import { refusedSet, rememberedMs } from "../netlink/refused-connections.ts";
import { formatMark, type Marks, markMatch } from "../marks.ts";

export type RulesetOptions = {
  readonly table: string;
  readonly marks: Marks;
  /** Pinholes at one time, per address family. */
  readonly pinholes: number;
};

export const defaultTable = "ftp_alg";
export const defaultPinholes = 65_536;

/** While somebody scans ports, the first of them. */
const mostRefused = 1024;

/**
 * A pinhole is one element in each of three maps under the same key: who is expected, and our endpoint. `gate` lets one
 * connection in: the limit is the element's own and its one packet a day is the first SYN, which no late packet of an older
 * connection is taken for. The key of `snat` is the
 * connection's original tuple. Translation of the source is to an address, not to a port: the kernel keeps the port where
 * it is free and takes another one where it is not.
 */
export function formatRuleset({ table, marks, pinholes }: RulesetOptions): string {
  const ours = markMatch(marks);
  const families: readonly { number: Family; ip: string; address: string }[] = [
    { number: 4, ip: "ip", address: "ipv4_addr" },
    { number: 6, ip: "ip6", address: "ipv6_addr" },
  ];
  const maps = families.flatMap(({ number, address }) => {
    const key = `${address} . ${address} . inet_service`;
    const size = `flags timeout; size ${pinholes};`;
    return [
      `  map gate${number} { type ${key} : mark; ${size} limit rate 1/day burst 1 packets; }`,
      `  map dnat${number} { type ${key} : ${address} . inet_service; ${size} }`,
      `  map snat${number} { type ${key} : ${address}; ${size} }`,
    ];
  });
  const translations = families.map(({ number, ip }) => {
    const key = `${ip} saddr . ${ip} daddr . tcp dport`;
    return `    tcp flags & (fin | syn | rst | ack) == syn ct mark set ${key} map @gate${number} dnat ${ip} to ${key} map @dnat${number}`;
  });
  const sources = families.map(({ number, ip }) => {
    const key = `ct original ${ip} saddr . ct original ${ip} daddr . ct original proto-dst`;
    return `    ${ours} meta l4proto tcp snat ${ip} to ${key} map @snat${number}`;
  });
  const refused = families.map(
    ({ number, address }) =>
      `  set ${refusedSet(number)} { type ${address} . inet_service . ${address} . inet_service; flags dynamic,timeout; timeout ${rememberedMs / 1000}s; size ${mostRefused}; }`,
  );
  const refusals = families.map(
    ({ number, ip }) =>
      `    tcp flags & (syn | rst | ack) == (rst | ack) tcp sequence 0 add @${refusedSet(number)} { ${ip} daddr . tcp dport . ${ip} saddr . tcp sport }`,
  );
  const aborted = { mask: (marks.mask | marks.aborted) >>> 0, value: (marks.value | marks.aborted) >>> 0 };
  const reset = (direction: string, bit: number) =>
    `    tcp flags & rst == rst ct direction ${direction} ct mark set ct mark | ${formatMark(bit)}`;
  return `table inet ${table}
delete table inet ${table}
table inet ${table} {
  # The expected peer . our address . our port
${maps.join("\n")}
  # Who came to a port of this machine at which nobody listens . where to
${refused.join("\n")}
  chain prerouting {
    type nat hook prerouting priority dstnat - 10; policy accept;
${translations.join("\n")}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat - 10; policy accept;
${sources.join("\n")}
  }
  chain aborted {
    # A transfer that was aborted. Here its packets have not yet met a socket of the gateway's that bears a peer's address
    type filter hook prerouting priority mangle - 10; policy accept;
    ct mark & ${formatMark(aborted.mask)} == ${formatMark(aborted.value)} reject with tcp reset
  }
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    ct mark & ${formatMark(marks.mask)} != ${formatMark(marks.value)} accept
    # Which peer has reset the connection
${reset("original", marks.openerReset)}
${reset("reply", marks.answererReset)}
    counter accept
  }
  chain output {
    # The gateway's own packets to the peers of an aborted transfer belong to no connection of this machine
    type filter hook output priority raw; policy accept;
    meta mark & ${formatMark(aborted.mask)} == ${formatMark(aborted.value)} notrack
    # An answer to a SYN
${refusals.join("\n")}
  }
}
`;
}

/** Takes the table away. It fails where there is none. */
export function formatRemoval(table: string): string {
  return `delete table inet ${table}\n`;
}
