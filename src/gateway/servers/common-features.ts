// Common features: what every server of a pool has, by what each has answered to FEAT last. A client that asks before its server is known is told
// that and no more.
import { formatEndpoint, type Endpoint } from "../../net/endpoint.ts";

export type CommonFeatures = {
  learn(server: Endpoint, lines: readonly string[]): void;
  /** In the order of the first; none while one of these has not been asked. Lines that differ in anything are not the same. */
  common(servers: readonly Endpoint[]): readonly string[];
};

/** Of those that are no longer there, too. */
const mostServers = 10_000;

export function createCommonFeatures(): CommonFeatures {
  const known = new Map<string, readonly string[]>();
  return {
    learn(server, lines) {
      const key = formatEndpoint(server);
      known.delete(key);
      known.set(key, lines);
      const [oldest] = known.keys();
      if (known.size > mostServers && oldest !== undefined) known.delete(oldest);
    },
    common(servers) {
      const [first = [], ...others] = servers.map((server) => known.get(formatEndpoint(server)) ?? []);
      return first.filter((line) => others.every((lines) => lines.includes(line)));
    },
  };
}
