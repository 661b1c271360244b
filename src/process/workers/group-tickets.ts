// Group tickets: the keys that seal TLS session tickets, the same in all workers, so that a client resumes its session at any of them.
import { createTicketRing, type TicketKeys } from "../../tls/ticket-keys.ts";
import type { Worker } from "./worker-group.ts";

export type GroupTickets = {
  readonly keys: () => TicketKeys;
  /** Workers are told of new keys, until `stop`. */
  start(): void;
  stop(): void;
};

/** Keys change much less often. */
const lookEveryMs = 60_000;

export function createGroupTickets(running: () => readonly Worker[]): GroupTickets {
  const keys = createTicketRing(() => performance.now());
  let timer: NodeJS.Timeout | undefined;
  return {
    keys,
    start() {
      let [last] = keys();
      timer = setInterval(() => {
        const now = keys();
        if (now[0] === last) return;
        [last] = now;
        for (const { peer } of running()) peer.tell("setTicketKeys", now);
      }, lookEveryMs).unref();
    },
    stop: () => clearInterval(timer),
  };
}
