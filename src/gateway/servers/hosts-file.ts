// Hosts file: the names that this machine knows by itself, hosts(5).
import { parseAddress } from "../../net/endpoint.ts";

/** The addresses of each name, in lower case, in the order of the file. What is no line of names is passed over. */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [literal = "", ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
    const address = parseAddress(literal);
    if (address === undefined) continue;
    for (const name of names) {
      const key = name.toLowerCase().replace(/\.$/, "");
      const known = hosts.get(key);
      if (known === undefined) hosts.set(key, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return hosts;
}

const ownNames: readonly string[] = ["127.0.0.1", "::1"];

/** RFC 6761: `localhost` and the names below it are this machine, and no name server is asked for them. */
export function localhostAddresses(host: string): readonly string[] | undefined {
  return host === "localhost" || host.endsWith(".localhost") ? ownNames : undefined;
}
