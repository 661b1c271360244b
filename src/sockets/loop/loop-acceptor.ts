// Acceptor on the loop: it takes the listening socket from Node's server, which had it bound, and closes the server.
import type { Server } from "node:net";
import { getSystemErrorName } from "node:util";
import { type Endpoint, isUnspecified } from "../../net/endpoint.ts";
import { acceptByNode } from "../node-acceptor.ts";
import { acceptedTransport } from "../node-transport.ts";
import { descriptorOf } from "../socket-handle.ts";
import type { Acceptor, AcceptorEvents, AcceptorOptions } from "../sockets.ts";
import { acceptDescriptor, hasNoDescriptor, isHarmless, turnAwayWith } from "./accepting.ts";
import { localEndpoint, writtenEndpoint } from "./loop-address.ts";
import type { Loop } from "./loop.ts";
import { loopTransport } from "./loop-transport.ts";
import { interests } from "./poller.ts";

const restMs = 100;

export function acceptOnLoop(loop: Loop, server: Server, options: AcceptorOptions, events: AcceptorEvents): Acceptor {
  const { calls, poller } = loop;
  const { isInherited, early } = options;
  let { keepaliveMs } = options;
  const fd = calls.sockets.duplicate(descriptorOf(server));
  if (fd < 0) return acceptByNode(server, options, events);
  server.close();
  const local = localEndpoint(calls, fd);
  let isLocalKnown = !isUnspecified(local.address);
  let spare = calls.sockets.duplicate(fd);
  let resting: NodeJS.Timeout | undefined;
  let isOpen = true;
  for (const socket of early) events.accepted(acceptedTransport(socket, { keepaliveMs }));
  let isPreset = !isInherited && calls.sockets.presetAccepted(fd, keepaliveMs);
  loop.opened();
  poller.add(fd, interests.read, undefined, accept);
  return {
    setKeepalive(idleMs) {
      if (idleMs === keepaliveMs) return;
      keepaliveMs = idleMs;
      isPreset = !isInherited && calls.sockets.presetAccepted(fd, keepaliveMs);
    },
    acceptForeign(family) {
      const error = calls.sockets.makeTransparent(fd, family);
      if (error === undefined) isLocalKnown = false;
      return error && `${error}; it needs CAP_NET_RAW or CAP_NET_ADMIN`;
    },
    descriptor: () => (isOpen ? fd : -1),
    close() {
      if (!isOpen) return;
      isOpen = false;
      clearTimeout(resting);
      poller.forget(fd);
      calls.close(fd);
      if (spare >= 0) calls.close(spare);
      loop.closed();
    },
  };

  /** One each time: others have their turn between. */
  function accept(): void {
    const accepted = acceptDescriptor(calls, fd);
    if (accepted >= 0) return take(accepted, writtenEndpoint());
    if (hasNoDescriptor(accepted)) turnAway();
    if (!isHarmless(accepted)) events.failed(getSystemErrorName(accepted));
  }

  function take(accepted: number, peer: Endpoint): void {
    loop.opened();
    if (!isPreset) calls.sockets.presetAccepted(accepted, keepaliveMs);
    events.accepted(
      loopTransport(loop, accepted, {
        local: isLocalKnown ? local : localEndpoint(calls, accepted),
        peer,
        keepAliveMs: 0,
      }),
    );
  }

  /** It would wait in the kernel's queue, and epoll tell of it without end. */
  function turnAway(): void {
    const isTaken = turnAwayWith(calls, spare, fd);
    spare = calls.sockets.duplicate(fd);
    if (isTaken && spare >= 0) return;
    poller.change(fd, interests.none);
    resting = setTimeout(() => {
      if (isOpen) poller.change(fd, interests.read);
    }, restMs);
  }
}
