// Abort of connections that the kernel carries, so that neither peer takes the end for a clean one: every further packet of
// such a connection is answered with an RST, both peers are made to send one, and then the kernel forgets the connection.
import type { Connection, Tuple } from "./netlink/conntrack-message.ts";
import type { Marks } from "./marks.ts";
import type { Netfilter } from "./netlink/netfilter.ts";
import { challengePeer } from "./challenge-peer.ts";

export type ConnectionAborter = {
  /** Both peers get an RST. Does nothing if it is being aborted already, or gone. */
  abort(connection: Connection): void;
  /** Aborts that are under way get a last moment. */
  stop(): Promise<void>;
};

/** A peer answers within a round trip, if no packet gets lost. */
const challengesMs = [0, 300, 1000];
/** A peer that answers none of them learns of the end when it next sends: then nothing is known of the connection. */
const forgottenAfterMs = 3000;
const lastMomentMs = 100;

export function createConnectionAborter(
  netfilter: Pick<Netfilter, "calls" | "markAborted" | "find" | "forget">,
  marks: Marks,
): ConnectionAborter {
  const timers = new Map<Tuple, NodeJS.Timeout[]>();
  const packetMark = (marks.value | marks.aborted) >>> 0;

  function challengeBoth({ original, reply }: Connection) {
    challengePeer(netfilter.calls, packetMark, original.destination, original.source);
    challengePeer(netfilter.calls, packetMark, reply.destination, reply.source);
  }

  function forget(original: Tuple) {
    for (const timer of timers.get(original) ?? []) clearTimeout(timer);
    timers.delete(original);
    netfilter.forget(original);
  }

  return {
    abort({ original }) {
      if (timers.has(original) || netfilter.markAborted(original) !== 0) return;
      // What is known of it may be old. That it is closed tells nothing: the kernel takes a connection for closed once one of
      // its packets was answered with an RST, though only who sent that packet has been told.
      const connection = netfilter.find(original);
      if (connection === undefined) return;
      // Before it is established, the peer that waits sends its SYN again by itself.
      const challenges = connection.isAssured
        ? challengesMs.map((ms) => setTimeout(() => challengeBoth(connection), ms))
        : [];
      timers.set(original, [...challenges, setTimeout(() => forget(original), forgottenAfterMs)]);
    },
    async stop() {
      if (timers.size === 0) return;
      await new Promise((resolve) => setTimeout(resolve, lastMomentMs));
      for (const original of [...timers.keys()]) forget(original);
    },
  };
}
