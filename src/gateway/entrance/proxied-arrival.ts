// Proxied arrival: an accepted connection of a balancer's says first whose it is. Nothing is said to it before its header is whole, and
// whoever is not a balancer of ours is sent away.
import { isUnspecified, networkContains, type Endpoint, type Network } from "../../net/endpoint.ts";
import { readProxyHeader, type ProxyHeader } from "../../net/proxy-protocol.ts";
import { cancelDeadline, setDeadline, type Deadline } from "../../sockets/deadlines.ts";
import { closeTransport, listenTo, type Transport, type TransportEvents } from "../../sockets/transport.ts";

export type ProxyRule = {
  /** Whose headers are believed. */
  readonly from: readonly Network[];
};

export type ProxiedEvents = {
  /** Once; what is unread stands behind the header. */
  arrived(header: ProxyHeader): void;
  /** Once; the connection is the callee's to close. `detail`: why. */
  refused(detail: string): void;
};

export type ProxiedArrivals = {
  receive(transport: Transport, rule: ProxyRule, timeoutMs: number, events: ProxiedEvents): void;
  /** Closes those whose header is still awaited. */
  closeWaiting(): void;
  countWaiting(): number;
};

/** Connections without their header at once: a balancer sends it with the handshake. */
const mostWaiting = 1024;

type Waiting = {
  readonly transport: Transport;
  readonly events: ProxiedEvents;
  readonly waiting: Set<Waiting>;
  deadline: Deadline | undefined;
};

export function createProxiedArrivals(): ProxiedArrivals {
  const waiting = new Set<Waiting>();
  return {
    receive(transport, { from }, timeoutMs, events) {
      // Reset before it was accepted, as some checks of a port are: that is no news, and nobody is there.
      if (isUnspecified(transport.peer.address)) return closeTransport(transport);
      if (!isAmong(transport.peer, from)) return events.refused("not from a balancer of this entrance");
      if (waiting.size >= mostWaiting) return events.refused("too many connections without their header");
      const one: Waiting = { transport, events, waiting, deadline: undefined };
      one.deadline = setDeadline(timeoutMs, () => refuse(one, "no whole header within the login time"));
      waiting.add(one);
      listenTo(transport, one, transportEvents);
      read(one);
    },
    countWaiting: () => waiting.size,
    closeWaiting() {
      for (const one of waiting) {
        leave(one);
        closeTransport(one.transport);
      }
    },
  };
}

function isAmong({ address }: Endpoint, networks: readonly Network[]): boolean {
  return networks.some((network) => networkContains(network, address));
}

const transportEvents: TransportEvents<Waiting> = {
  arrived: read,
  ended: cutOff,
  failed: cutOff,
  drained() {},
  closed: cutOff,
};

function read(one: Waiting): void {
  const { transport, events, waiting } = one;
  if (!waiting.has(one) || transport.from === transport.to) return;
  const found = readProxyHeader(transport.memory.subarray(transport.from, transport.to));
  if (found.kind === "incomplete") return;
  if (found.kind === "refused") return refuse(one, found.detail);
  leave(one);
  transport.from += found.length;
  events.arrived(found.header);
}

/** A balancer's plain check of the port connects and says nothing: that is no news. */
function cutOff(one: Waiting): void {
  if (!one.waiting.has(one)) return;
  if (one.transport.to > one.transport.from) return refuse(one, "the header is cut off");
  leave(one);
  closeTransport(one.transport);
}

function refuse(one: Waiting, detail: string): void {
  leave(one);
  one.events.refused(detail);
}

function leave(one: Waiting): void {
  one.waiting.delete(one);
  cancelDeadline(one.deadline);
}
