// Server memory: the modes that each server was seen to reject. Bounded, and forgotten after a while, because servers are
// upgraded.
import { formatEndpoint, type Endpoint } from "../../net/endpoint.ts";
import type { Mode } from "../../session/mode.ts";

export type ServerMemory = {
  learn(server: Endpoint, rejects: Mode): void;
  rejectedBy(server: Endpoint): readonly Mode[];
};

/** `now` in milliseconds. The server that was not learned about for the longest time is forgotten first. */
export function createServerMemory(options: { maxServers: number; expiryMs: number; now: () => number }): ServerMemory {
  const entries = new Map<string, { rejects: readonly Mode[]; until: number }>();
  const recall = (key: string): readonly Mode[] => {
    const entry = entries.get(key);
    if (entry === undefined) return [];
    if (entry.until > options.now()) return entry.rejects;
    entries.delete(key);
    return [];
  };
  return {
    learn(server, rejects) {
      const key = formatEndpoint(server);
      const known = recall(key);
      entries.delete(key);
      entries.set(key, {
        rejects: known.includes(rejects) ? known : [...known, rejects],
        until: options.now() + options.expiryMs,
      });
      if (entries.size > options.maxServers) {
        for (const oldest of entries.keys()) {
          entries.delete(oldest);
          break;
        }
      }
    },
    rejectedBy: (server) => recall(formatEndpoint(server)),
  };
}
