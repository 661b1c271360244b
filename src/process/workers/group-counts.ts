// Group counts: the count books of all gateways, as workers ask for them.
import type { GatewayConfig } from "../../config/config.ts";
import { createCountBook, type CountBook } from "./count-book.ts";
import type { SupervisorCalls } from "./protocol.ts";
import type { Worker } from "./worker-group.ts";

export type GroupCounts = {
  /** These gateways, with their limits; what was counted stays. Others are forgotten. */
  setGateways(gateways: readonly GatewayConfig[]): void;
  countBans(gateway: string): number;
  callsFor(worker: () => Worker): Omit<SupervisorCalls, "happened">;
  forget(worker: Worker): void;
};

/** `running`: who is told what the others have at the servers. */
export function createGroupCounts(running: () => readonly Worker[]): GroupCounts {
  const books = new Map<string, CountBook>();
  /** Gateways whose servers have other sessions than workers were told. */
  const changed = new Set<string>();

  /** Once for all that happens in a turn of the event loop. */
  function tellSoon(gateway: string): void {
    if (changed.size === 0) setImmediate(tell);
    changed.add(gateway);
  }

  function tell(): void {
    for (const gateway of changed) {
      const book = books.get(gateway);
      if (book !== undefined)
        for (const worker of running()) worker.peer.tell("setElsewhere", gateway, book.elsewhere(worker));
    }
    changed.clear();
  }

  return {
    setGateways(gateways) {
      for (const { name, limits } of gateways) {
        const book = books.get(name);
        if (book === undefined) books.set(name, createCountBook(limits));
        else book.setLimits(limits);
      }
      for (const name of books.keys()) if (!gateways.some((gateway) => gateway.name === name)) books.delete(name);
    },
    countBans: (gateway) => books.get(gateway)?.countBans() ?? 0,
    callsFor: (worker) => ({
      admit: async (gateway, client) => (await books.get(gateway)?.admit(worker(), client)) ?? { kind: "unknown" },
      left: (gateway, client) => books.get(gateway)?.left(worker(), client),
      loginFailed: async (gateway, client) => (await books.get(gateway)?.loginFailed(client)) ?? 0,
      setServerSessions(gateway, server, sessions) {
        books.get(gateway)?.setServerSessions(worker(), server, sessions);
        tellSoon(gateway);
      },
    }),
    forget(worker) {
      for (const [gateway, book] of books) {
        book.forget(worker);
        tellSoon(gateway);
      }
    },
  };
}
