// Gateways of a process: those of a new configuration in place of those that run, all of them or, if one can't be started, none.
// Sessions that run keep what they began with.
import type { Config, GatewayConfig } from "../config/config.ts";
import type { Gateway, PreparedChange } from "../gateway/gateway.ts";
import type { Planes } from "./planes.ts";

export type Gateways = {
  /** What can fail has been done when it resolves. Rejects with an Error that says what failed; then everything is as it was. */
  prepare(config: Config): Promise<PreparedChange>;
  areListening(): boolean;
  /** Resolves when the last session has ended, which transfers may delay up to the drain time. */
  drain(): Promise<void>;
  /** Ends every session now. */
  stop(): Promise<void>;
};

export type GatewaysDeps = {
  readonly planes: Planes;
  readonly create: (options: GatewayConfig) => Gateway;
};

export function createGateways({ planes, create }: GatewaysDeps): Gateways {
  const running = new Map<string, Gateway>();

  async function prepareOne(options: GatewayConfig): Promise<PreparedChange> {
    const known = running.get(options.name);
    if (known !== undefined) return known.prepare(options, planes.of(options));
    const gateway = create(options);
    await gateway.start();
    return {
      commit: () => void running.set(options.name, gateway),
      rollback: () => void gateway.stop(),
    };
  }

  function retireOthers({ gateways }: Config): void {
    for (const [name, gateway] of running) {
      if (gateways.some((options) => options.name === name)) continue;
      running.delete(name);
      void gateway.drain().then(() => gateway.stop());
    }
  }

  return {
    async prepare(config) {
      const change = await prepareAll(config.gateways.map((options) => () => prepareOne(options)));
      return {
        commit() {
          change.commit();
          retireOthers(config);
        },
        rollback: change.rollback,
      };
    },
    areListening: () => [...running.values()].every((gateway) => gateway.isListening()),
    async drain() {
      await Promise.all([...running.values()].map((gateway) => gateway.drain()));
    },
    async stop() {
      await Promise.all([...running.values()].map((gateway) => gateway.stop()));
    },
  };
}

/** One after the other; if one of them rejects, those before it are rolled back, and it rejects likewise. */
export async function prepareAll(parts: readonly (() => Promise<PreparedChange>)[]): Promise<PreparedChange> {
  const changes: PreparedChange[] = [];
  const rollback = (): void => {
    for (const change of changes) change.rollback();
  };
  try {
    for (const prepare of parts) changes.push(await prepare());
  } catch (error) {
    rollback();
    throw error;
  }
  return {
    commit() {
      for (const change of changes) change.commit();
    },
    rollback,
  };
}
