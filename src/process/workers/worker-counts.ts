// Counts of a worker: what it asks its supervisor about clients and servers that the other workers have, too.
import type { SharedCounts } from "../../gateway/entrance/shared-counts.ts";
import type { Peer } from "./peer.ts";
import type { SupervisorCalls } from "./protocol.ts";

export type WorkerCounts = {
  of(gateway: string): SharedCounts;
  setElsewhere(gateway: string, sessions: ReadonlyMap<string, number>): void;
};

/** A supervisor that is slower than that has other worries: the counts of the worker decide. */
const answerMs = 1000;

export function createWorkerCounts(supervisor: Peer<SupervisorCalls>): WorkerCounts {
  const elsewhere = new Map<string, ReadonlyMap<string, number>>();
  return {
    of: (gateway) => ({
      admit: (client) => within(supervisor.ask("admit", gateway, client), { kind: "unknown" }),
      left: (client) => supervisor.tell("left", gateway, client),
      loginFailed: (client) => within(supervisor.ask("loginFailed", gateway, client), 0),
      setServerSessions: (server, sessions) => supervisor.tell("setServerSessions", gateway, server, sessions),
      serverSessionsElsewhere: (server) => elsewhere.get(gateway)?.get(server) ?? 0,
    }),
    setElsewhere: (gateway, sessions) => void elsewhere.set(gateway, sessions),
  };
}

/** `otherwise`: where there is no answer, or none in time. */
function within<Value>(answer: Promise<Value>, otherwise: Value): Promise<Value> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, answerMs, otherwise);
    const settle = (value: Value): void => {
      clearTimeout(timer);
      resolve(value);
    };
    answer.then(settle, () => settle(otherwise));
  });
}
