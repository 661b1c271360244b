// Reload, on SIGHUP or by the API: the configuration is read again and takes the place of the one that runs.
import type { Config } from "../config/config.ts";
import type { Telemetry } from "../observe/telemetry.ts";
import { errorMessage } from "./error-message.ts";
import type { Io } from "./io.ts";
import type { ServiceManager } from "./sd-notify.ts";

export type Reload = {
  /** Reads the configuration again. Rejects with an Error that says what is wrong with it. */
  readonly reread: () => Promise<Config>;
  /** Brings a configuration into force. Rejects with an Error that says what is wrong, and then nothing has changed. */
  readonly apply: (config: Config) => Promise<void>;
  readonly telemetry: Pick<Telemetry, "configReloaded">;
  readonly manager: Pick<ServiceManager, "reloading" | "ready">;
  /** Until it resolves, reloads wait. */
  readonly started: Promise<void>;
};

/**
 * Returns what reloads: one reload at a time, after the start. A configuration that is wrong or can't be applied leaves the running one
 * as it is; then it rejects with the Error that says why, which has been told.
 */
export function createReload({ stop }: Pick<Io, "stop">, reload: Reload): () => Promise<void> {
  const { reread, apply, telemetry, manager } = reload;
  let last = reload.started;
  async function once(): Promise<void> {
    if (stop.aborted) throw new Error("the process is ending");
    manager.reloading();
    try {
      await apply(await reread());
      telemetry.configReloaded("success", "");
      manager.ready("takes sessions");
    } catch (error) {
      telemetry.configReloaded("failure", errorMessage(error));
      manager.ready("takes sessions; the configuration was not reloaded, the one before is in force");
      throw error;
    }
  }
  return () => {
    const result = last.then(once);
    last = result.catch(() => {});
    return result;
  };
}

/** What a reload can't change: it takes a restart. */
export function restartNeeded(before: Config, after: Config): readonly string[] {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  return (["driver", "kernel", "shared", "workers"] as const).filter((key) => !same(before[key], after[key]));
}
