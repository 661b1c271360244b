// Descriptors of the process: how many it may have, and for how many sessions they suffice.
import { readFile } from "node:fs/promises";
import type { Config } from "../config/config.ts";
import { mostTurnedAway } from "../gateway/entrance/admission.ts";
import type { DescriptorShares } from "../gateway/shared-resources.ts";
import type { Logger } from "../observe/log.ts";

/** Two control connections, and the two legs of a data connection: which listen first, and then hold the peers. */
export const descriptorsPerSession = 4;

/** Of the process itself: standard streams, event loop, listening sockets, admin, data planes. */
const ofProcess = 64;
/** So many it holds before a session comes, and a few for a scraper. */
const leastOfProcess = 44;

/** RLIMIT_NOFILE of this process (Node has raised it to the hard limit); undefined where that can't be read. */
export async function readDescriptorLimit(): Promise<number | undefined> {
  return parseDescriptorLimit(await readFile("/proc/self/limits", "latin1").catch(() => ""));
}

/** The soft limit out of the text of /proc/self/limits. */
export function parseDescriptorLimit(text: string): number | undefined {
  const [, soft] = /^Max open files +(\d+)/m.exec(text) ?? [];
  return soft === undefined ? undefined : Number(soft);
}

/**
 * What so many descriptors are used for. Clients that are turned away hold some for a moment. The last twentieth is for the
 * data connections of the sessions that run: newcomers are told then that the gateway is full.
 */
export function descriptorShares(limit: number | undefined): DescriptorShares {
  if (limit === undefined) return { sessions: Infinity, newcomers: Infinity };
  const reserved = Math.min(ofProcess + mostTurnedAway, Math.max(leastOfProcess, Math.floor(limit / 3)));
  return {
    sessions: Math.max(1, Math.floor((limit - reserved) / descriptorsPerSession)),
    newcomers: limit - Math.max(16, Math.floor(limit / 20)),
  };
}

/** The sentence for an operator whose sessions don't fit; undefined if they do. `processes`: so many share them, each with that limit. */
export function descriptorShortage(
  limit: number | undefined,
  { gateways }: Pick<Config, "gateways">,
  processes = 1,
): string | undefined {
  const all = gateways.reduce((sum, { limits }) => sum + limits.sessions, 0);
  const sessions = Math.ceil(all / processes);
  const { sessions: most } = descriptorShares(limit);
  if (sessions <= most) return undefined;
  const needed = sessions * descriptorsPerSession + ofProcess + mostTurnedAway;
  return `${limit} suffice for ${most} sessions; for the ${sessions} of limits.sessions the process needs ${needed} (LimitNOFILE, ulimit -Hn)`;
}

export function warnOfDescriptors(
  logger: Pick<Logger, "warn">,
  limit: number | undefined,
  config: Pick<Config, "gateways">,
  processes = 1,
): void {
  const detail = descriptorShortage(limit, config, processes);
  if (detail !== undefined) logger.warn({ detail }, "too few descriptors");
}
