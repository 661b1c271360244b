// Local tables: the addresses that the kernel takes for this machine's, from the texts of /proc/net. Those of an interface that is
// down, or has no cable, are among them, and so is what a route of type `local` adds.
import { parseAddress, type Network } from "../net/endpoint.ts";

/**
 * The local networks of /proc/net/fib_trie. Only the tables `local` and `main` count: TPROXY's own makes every address local,
 * for its marked packets.
 */
export function parseFibTrie(text: string): readonly Network[] {
  const found = new Map<string, Network>();
  let isOurs = false;
  let base = "";
  for (const line of text.split("\n")) {
    const [, table] = /^(\w[^:]*):$/.exec(line) ?? [];
    if (table !== undefined) isOurs = table === "Main" || table === "Local";
    base = /\|-- (\S+)$/.exec(line)?.[1] ?? base;
    const bits = Number(/^\s*\/(\d+) host LOCAL$/.exec(line)?.[1] ?? 0);
    const address = isOurs && bits > 0 && bits <= 32 ? parseAddress(base) : undefined;
    if (address !== undefined) found.set(`${address}/${bits}`, { base: address, bits });
  }
  return [...found.values()];
}

/** The addresses of /proc/net/if_inet6. */
export function parseIfInet6(text: string): readonly Network[] {
  return text.split("\n").flatMap((line) => {
    const [, digits = ""] = /^([0-9a-f]{32}) /.exec(line) ?? [];
    const base = parseAddress(digits.match(/.{4}/g)?.join(":") ?? "");
    return base === undefined ? [] : [{ base, bits: base.includes(":") ? 128 : 32 }];
  });
}
