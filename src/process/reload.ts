// SIGHUP: the gateways of a new configuration in place of those that run, all of them or, if one can't be had, none.
// Sessions that run keep what they began with.
import type { Config, GatewayConfig } from "../config/config.ts";
import type { Gateway, PreparedChange } from "../gateway/gateway.ts";
import type { Planes } from "./planes.ts";

export type RunningGateways = Map<string, Gateway>;

export type ReloadDeps = {
  readonly planes: Planes;
  readonly create: (options: GatewayConfig) => Gateway;
};

/** Rejects with an Error that says what could not be had; then everything is as it was. */
export async function applyConfig(running: RunningGateways, config: Config, deps: ReloadDeps): Promise<void> {
  const changes: PreparedChange[] = [];
  try {
    for (const options of config.gateways) changes.push(await prepare(running, options, deps));
  } catch (error) {
    for (const change of changes) change.rollback();
    throw error;
  }
  for (const change of changes) change.commit();
  for (const [name, gateway] of running) {
    if (config.gateways.some((options) => options.name === name)) continue;
    running.delete(name);
    void gateway.drain().then(() => gateway.stop());
  }
}

async function prepare(running: RunningGateways, options: GatewayConfig, deps: ReloadDeps): Promise<PreparedChange> {
  const known = running.get(options.name);
  if (known !== undefined) return known.prepare(options, deps.planes.of(options));
  const gateway = deps.create(options);
  await gateway.start();
  return {
    commit: () => void running.set(options.name, gateway),
    rollback: () => void gateway.stop(),
  };
}

/** What a reload can't change: it takes a restart. */
export function restartNeeded(before: Config, after: Config): readonly string[] {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  return (["log", "admin", "kernel"] as const).filter((key) => !same(before[key], after[key]));
}
