// Listening on the loop for data connections.
import type { Endpoint } from "../../net/endpoint.ts";
import { bindForeign } from "../foreign-socket.ts";
import { socketAddress } from "../socket-address.ts";
import { openSocket } from "./connecting.ts";
import { cancelDeadline, type Deadline, setDeadline } from "../deadlines.ts";
import { acceptDescriptor, hasNoDescriptor } from "./accepting.ts";
import { localEndpoint, writtenEndpoint } from "./loop-address.ts";
import type { Loop } from "./loop.ts";
import { failure, interests } from "./poller.ts";
import { createStream, type Stream } from "./stream.ts";

const restMs = 100;

export type StreamListener = {
  readonly endpoint: Endpoint;
  close(): void;
};

export type StreamListenOptions = {
  /** Port 0 takes any. */
  readonly at: Endpoint;
  /** The address is another machine's. */
  readonly isForeign: boolean;
  readonly backlog: number;
};

/**
 * `accepted`: of each connection, which resets its peer however it is closed (`guardStream`), and of which nothing is heard yet. Throws
 * an Error with the system's word as `code`.
 */
export function listenForStreams(
  loop: Loop,
  { at, isForeign, backlog }: StreamListenOptions,
  accepted: (stream: Stream, from: Endpoint) => void,
): StreamListener {
  const { calls, poller } = loop;
  let fd = isForeign ? bindForeign(at) : bound(loop, at);
  // Where no descriptor is free, what waits in the kernel is closed with the listener: that, too, must be no end of a file.
  calls.sockets.resetWhenClosed(fd, true);
  if (calls.listen(fd, backlog) < 0) {
    const error = failure("listen", calls.errno());
    calls.close(fd);
    throw error;
  }
  const endpoint = at.port === 0 ? localEndpoint(calls, fd) : at;
  let rest: Deadline | undefined;
  try {
    poller.add(fd, interests.read, undefined, accept);
  } catch (error) {
    calls.close(fd);
    throw error;
  }
  loop.opened();
  return {
    endpoint,
    close() {
      if (fd < 0) return;
      cancelDeadline(rest);
      poller.forget(fd);
      calls.close(fd);
      loop.closed();
      fd = -1;
    },
  };

  function accept(): void {
    const connection = acceptDescriptor(calls, fd);
    if (hasNoDescriptor(connection)) return waitForDescriptors();
    if (connection < 0) return;
    loop.opened();
    accepted(createStream(loop, connection), writtenEndpoint());
  }

  /** It waits in the kernel's queue, and epoll would tell of it without end. */
  function waitForDescriptors(): void {
    poller.change(fd, interests.none);
    rest = setDeadline(restMs, () => poller.change(fd, interests.read));
  }
}

function bound(loop: Loop, at: Endpoint): number {
  const { calls } = loop;
  const fd = openSocket(loop, at);
  calls.sockets.reuseAddress(fd);
  const address = socketAddress(at);
  if (calls.bind(fd, address, address.length) === 0) return fd;
  const error = failure("bind", calls.errno());
  calls.close(fd);
  throw error;
}
