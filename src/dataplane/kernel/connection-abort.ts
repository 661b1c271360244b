// Breaks connections that the kernel carries, so that neither peer takes the end for a clean one: every further packet of
// such a connection is answered with an RST, both peers are made to send one, and then the kernel forgets the connection.
import type { Connection, Tuple } from "./netlink/conntrack-message.ts";
import type { Marks } from "./marks.ts";
import type { Netfilter } from "./netlink/netfilter.ts";
import { provoke } from "./challenge-peer.ts";

export type Breaker = {
  break(connection: Connection): void;
  /** What is still being broken gets a last moment. */
  stop(): Promise<void>;
};

/** A peer answers within a round trip, if no packet gets lost. */
const provocationsMs = [0, 300, 1000];
/** A peer that answers none of them learns of the end when it next sends: then nothing is known of the connection. */
const forgottenAfterMs = 3000;
const lastMomentMs = 100;

export function createBreaker(netfilter: Netfilter, marks: Marks): Breaker {
  const timers = new Map<Tuple, NodeJS.Timeout[]>();
  const packetMark = (marks.value | marks.broken) >>> 0;

  function provokeBoth({ original, reply }: Connection) {
    provoke(netfilter.calls, packetMark, original.destination, original.source);
    provoke(netfilter.calls, packetMark, reply.destination, reply.source);
  }

  function forget(original: Tuple) {
    for (const timer of timers.get(original) ?? []) clearTimeout(timer);
    timers.delete(original);
    netfilter.forget(original);
  }

  return {
    break({ original }) {
      if (timers.has(original) || netfilter.markBroken(original) !== 0) return;
      // What is known of it may be old. That it is closed tells nothing: the kernel takes a connection for closed once one of
      // its packets was answered with an RST, though only who sent that packet has been told.
      const connection = netfilter.find(original);
      if (connection === undefined) return;
      // Before it is established, whoever waits sends its SYN again by itself.
      const provocations = connection.isAssured
        ? provocationsMs.map((ms) => setTimeout(() => provokeBoth(connection), ms))
        : [];
      timers.set(original, [...provocations, setTimeout(() => forget(original), forgottenAfterMs)]);
    },
    async stop() {
      if (timers.size === 0) return;
      await new Promise((resolve) => setTimeout(resolve, lastMomentMs));
      for (const original of [...timers.keys()]) forget(original);
    },
  };
}
