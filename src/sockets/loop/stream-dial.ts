// Dialling on the loop: data connections, from an address and a port of our choice.
import type { Endpoint } from "../../net/endpoint.ts";
import { bindForeign } from "../foreign-socket.ts";
import { socketAddress } from "../socket-address.ts";
import { connectDescriptor, openSocket } from "./connecting.ts";
import type { Loop } from "./loop.ts";
import { failure, interests } from "./poller.ts";
import { createStream, setInterest, type Stream } from "./stream.ts";

export type StreamDialOptions = {
  readonly to: Endpoint;
  /** Where it comes from; port 0 takes any. Absent: as the system has it. */
  readonly from?: Endpoint | undefined;
  /** That address is another machine's. */
  readonly isForeign: boolean;
};

export type StreamDialEvents = {
  /** Nothing is heard of it yet. It resets its peer however it is closed (`guardStream`). */
  connected(stream: Stream): void;
  failed(code: string): void;
};

/** One of the events comes, after the call, unless `cancel` does; after that nothing does. */
export function dialStream(
  loop: Loop,
  { to, from, isForeign }: StreamDialOptions,
  events: StreamDialEvents,
): { cancel(): void } {
  const { calls } = loop;
  return connectDescriptor(loop, to, open, {
    connected(fd) {
      const stream = createStream(loop, fd, interests.write);
      events.connected(stream);
      // Else epoll would tell of it again and again until somebody carries it.
      if (stream.interest === interests.write) setInterest(stream, interests.none);
    },
    failed: events.failed,
  });

  function open(): number {
    const fd = from !== undefined && isForeign ? bindForeign(from) : openSocket(loop, to);
    calls.sockets.resetWhenClosed(fd, true);
    if (from === undefined || isForeign) return fd;
    calls.sockets.reuseAddress(fd);
    const address = socketAddress(from);
    if (calls.bind(fd, address, address.length) === 0) return fd;
    const error = failure("bind", calls.errno());
    calls.close(fd);
    throw error;
  }
}
