// Restarts: workers that have died are started again, each later than the time before, unless it had lived for a while.
import type { Logger } from "../../observe/log.ts";
import { errorMessage } from "../error-message.ts";

export type Restarts = {
  /** `livedMs`: as long as it has lived. */
  died(index: number, livedMs: number): void;
};

/** Milliseconds until one that has died is started again: at first, and at most. */
const backoff = { first: 100, most: 30_000 };
/** One that has lived so long is begun with anew. */
const healthyMs = 60_000;

/** `begin` rejects with an Error that says what could not be started; then it is tried again. None begins once `ending` is aborted. */
export function createRestarts(
  logger: Pick<Logger, "error">,
  ending: AbortSignal,
  begin: (index: number) => Promise<void>,
): Restarts {
  const delays = new Map<number, number>();
  const timers = new Set<NodeJS.Timeout>();
  ending.addEventListener("abort", () => timers.forEach(clearTimeout), { once: true });

  function later(index: number): void {
    if (ending.aborted) return;
    const delay = delays.get(index) ?? backoff.first;
    delays.set(index, Math.min(backoff.most, delay * 2));
    const timer = setTimeout(() => {
      timers.delete(timer);
      void beginAgain(index);
    }, delay);
    timers.add(timer);
  }

  async function beginAgain(index: number): Promise<void> {
    try {
      await begin(index);
    } catch (error) {
      if (ending.aborted) return;
      logger.error({ worker: index, detail: errorMessage(error) }, "worker not started");
      later(index);
    }
  }

  return {
    died(index, livedMs) {
      if (livedMs > healthyMs) delays.delete(index);
      later(index);
    },
  };
}
