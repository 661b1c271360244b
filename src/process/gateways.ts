// Gateways of a process: those of a new configuration in place of those that run, all of them or, if one can't be started, none.
// Sessions that run keep what they began with.
import type { Config, GatewayConfig } from "../config/config.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { prepareAll, type PreparedChange } from "../gateway/prepared-change.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { GatewayFacts } from "../observe/api/status-answer.ts";
import type { Planes } from "./planes.ts";

export type Gateways = {
  /** What can fail has been done when it resolves. Rejects with an Error that says what failed; then everything is as it was. */
  prepare(config: Config): Promise<PreparedChange>;
  areReady(): boolean;
  /** Those that are configured. */
  facts(): readonly GatewayFacts[];
  /** Where the gateway of that name listens; nowhere if there is none. */
  endpoints(name: string): readonly Endpoint[];
  /** Ends that session now; false if none of that id runs. */
  endSession(id: string): boolean;
  /** Resolves when the last session has ended, which transfers may delay up to the drain time. */
  drain(): Promise<void>;
  /** Another process has the listening sockets: sessions go on, up to the drain time. Resolves when the last has ended. */
  leave(): Promise<void>;
  /** Ends every session now. */
  stop(): Promise<void>;
};

export type GatewaysDeps = {
  readonly planes: Planes;
  readonly create: (options: GatewayConfig) => Gateway;
  /** No gateway has that name any more. */
  readonly forget: (name: string) => void;
};

export function createGateways({ planes, create, forget }: GatewaysDeps): Gateways {
  const running = new Map<string, Gateway>();
  /** No longer configured, with sessions that have not ended. */
  const retired = new Map<Gateway, string>();
  const all = (): readonly Gateway[] => [...running.values(), ...retired.keys()];

  function forgetUnused(name: string): void {
    if (!running.has(name) && ![...retired.values()].includes(name)) forget(name);
  }

  async function prepareOne(options: GatewayConfig): Promise<PreparedChange> {
    const known = running.get(options.name);
    if (known !== undefined) return known.prepare(options, planes.of(options));
    const gateway = create(options);
    try {
      const change = await gateway.prepare();
      return {
        commit() {
          running.set(options.name, gateway);
          change.commit();
        },
        rollback() {
          change.rollback();
          forgetUnused(options.name);
        },
      };
    } catch (error) {
      forgetUnused(options.name);
      throw error;
    }
  }

  async function retire(name: string, gateway: Gateway): Promise<void> {
    retired.set(gateway, name);
    await gateway.retire();
    await gateway.stop();
    retired.delete(gateway);
    forgetUnused(name);
  }

  function retireOthers({ gateways }: Config): void {
    for (const [name, gateway] of running) {
      if (gateways.some((options) => options.name === name)) continue;
      running.delete(name);
      void retire(name, gateway);
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
    areReady: () => running.size > 0 && [...running.values()].every((gateway) => gateway.isReady()),
    facts: () => [...running.values()].map((gateway) => gateway.facts()),
    endpoints: (name) => running.get(name)?.facts().listeners ?? [],
    endSession: (id) => all().some((gateway) => gateway.endSession(id)),
    async drain() {
      await Promise.all(all().map((gateway) => gateway.drain()));
    },
    async leave() {
      await Promise.all(all().map((gateway) => gateway.leave()));
    },
    async stop() {
      await Promise.all(all().map((gateway) => gateway.stop()));
    },
  };
}
