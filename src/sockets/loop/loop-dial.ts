// Dialling on the loop: control connections.
import { type Endpoint, isUnspecified } from "../../net/endpoint.ts";
import { bindForeign } from "../foreign-socket.ts";
import type { DialEvents, DialOptions } from "../transport.ts";
import { connectDescriptor, openSocket } from "./connecting.ts";
import { soonestMs } from "./late-keepalive.ts";
import { localEndpoint } from "./loop-address.ts";
import type { Loop } from "./loop.ts";
import { loopTransport } from "./loop-transport.ts";

/** As `Dial` of transport.ts. */
export function dialOnLoop(
  loop: Loop,
  to: Endpoint,
  { from, keepaliveMs }: DialOptions,
  events: DialEvents,
): { cancel(): void } {
  const { calls } = loop;
  const isLate = keepaliveMs >= soonestMs;
  return connectDescriptor(loop, to, open, { connected, failed: events.failed });

  function open(): number {
    const fd = from === undefined ? openSocket(loop, to) : bindForeign({ address: from, port: 0 });
    calls.sockets.noDelay(fd);
    if (!isLate) calls.sockets.keepAlive(fd, keepaliveMs);
    return fd;
  }

  function connected(fd: number): void {
    const local = localEndpoint(calls, fd);
    // The system takes the unspecified address for one of this machine; the peer's data connections come from that one.
    const peer = isUnspecified(to.address) ? { ...local, port: to.port } : to;
    events.connected(loopTransport(loop, fd, { local, peer, keepAliveMs: isLate ? keepaliveMs : 0 }));
  }
}
