// Shared store of a process: opened where the configuration says so, and what becomes of it is told in the log and the metrics.
import type { Config } from "../../config/config.ts";
import type { SharedCounts } from "../../gateway/entrance/shared-counts.ts";
import type { Condition } from "../../observe/readiness.ts";
import type { Logger } from "../../observe/log.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { createRedisStore } from "./redis-store.ts";
import { shownUrl } from "./redis-url.ts";

export type SharedOfProcess = {
  /** What the gateway of that name counts together with other processes. */
  countsOf(gateway: string): SharedCounts | undefined;
  stop(): Promise<void>;
  /** For whoever asks whether the process is ready: it is, also while nothing is shared. */
  conditions(): readonly Condition[];
};

/** Nothing is counted together without `options`. */
export function openSharedStore(
  options: Config["shared"],
  logger: Pick<Logger, "info" | "warn">,
  metrics: Pick<Metrics, "shared">,
): SharedOfProcess {
  if (options === undefined) return { countsOf: () => undefined, conditions: () => [], stop: async () => {} };
  const { redis: url, ...rest } = options;
  const where = { path: "shared.redis", shared: shownUrl(url) };
  const store = createRedisStore({ url, ...rest }, (state) => {
    if (state.isUp) logger.info(where, "shared counts hold");
    else logger.warn({ ...where, detail: state.reason }, "shared counts away");
  });
  metrics.shared(() => store.state().isUp);
  return {
    countsOf: store.countsOf,
    conditions: () => [
      store.state().isUp
        ? { isGood: true, text: "shared counts hold" }
        : { isGood: false, text: "shared counts away: each process counts by itself" },
    ],
    stop: store.stop,
  };
}
