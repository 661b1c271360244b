// Listening leg: it waits for its peer. A listener on a port of the pool that admits one connection from whom it expects,
// and is closed with it. Everybody else is reset, told of, and takes nothing away.
import { createServer, type Server, type Socket } from "node:net";
import { type Endpoint, parseAddress } from "../../net/endpoint.ts";
import { bindForeign } from "../../sockets/foreign-socket.ts";
import { createProxiedConnections } from "./proxied-connections.ts";
import { guard } from "./leg-guard.ts";
import type { ListenLeg } from "../pinhole.ts";
import { attemptsLimit, backlog, type ListeningLeg, type ListeningLegEvents, refusalFor } from "./ground.ts";
import { isExpected } from "./expected-peer.ts";
import { noPort, portsTaken } from "../port-refusals.ts";
import { resetSocket } from "../../sockets/reset-socket.ts";
import { soon } from "../../sockets/soon.ts";

/** Every event comes after the call has returned, but for `refused` as `ports-exhausted`. */
export function openListeningLeg(leg: ListenLeg, events: ListeningLegEvents<Socket>): ListeningLeg {
  let server: Server | undefined;
  let port: number | undefined;
  let isReleased = false;
  const proxied = leg.balancers && createProxiedConnections(leg.balancers, { proxied: judge, refused: sendAway });
  const take = proxied?.receive ?? judge;
  attempt(1);

  function attempt(count: number) {
    port = leg.ports.take(leg.port);
    if (port === undefined) return events.refused("ports-exhausted", noPort(leg));
    // Bulk is written in large pieces and a peer's small pieces want no delay, so Nagle's algorithm has nothing to give.
    server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) =>
      take(socket, peerOf(socket)),
    );
    server.once("error", (error: NodeJS.ErrnoException) => failed(error, count));
    if (leg.isForeign) listenForeign(server, port, count);
    else server.listen({ host: leg.bind, port, backlog }, listening);
  }

  function listenForeign(listener: Server, ownPort: number, count: number) {
    try {
      listener.listen({ fd: bindForeign({ address: leg.bind, port: ownPort }), backlog }, listening);
    } catch (error) {
      soon(() => failed(error as Error, count));
    }
  }

  function failed({ code = "", message }: NodeJS.ErrnoException, count: number) {
    releasePort();
    // Another program has the port: it rests like any used one.
    if (code === "EADDRINUSE" && !isReleased) {
      if (leg.port === undefined && count < attemptsLimit) return attempt(count + 1);
      return events.refused("ports-exhausted", portsTaken(leg, attemptsLimit));
    }
    events.refused(refusalFor(code), message);
  }

  function listening() {
    const bound = server?.address();
    if (server === undefined || bound === null || typeof bound !== "object")
      throw new Error("a listener has an address");
    // Where no descriptor is free, libuv accepts what waits and closes it: that, too, must be no end of a file.
    guard(server);
    // An accept can still fail; that peer is lost, the listener is not.
    server.removeAllListeners("error").on("error", () => {});
    // A release before this moment finds no handle to close.
    if (isReleased) server.close();
    events.opened({ address: parseAddress(bound.address) ?? bound.address, port: bound.port });
  }

  function judge(socket: Socket, from: Endpoint) {
    if (!server?.listening || !isExpected(leg.expect, from)) return sendAway(socket, from);
    // Closed with the admission: the kernel refuses a second connection.
    server.close();
    proxied?.close();
    events.admitted(socket, from);
  }

  function sendAway(socket: Socket, from: Endpoint) {
    socket.on("error", () => {});
    resetSocket(socket);
    events.stranger(from);
  }

  function releasePort() {
    if (port !== undefined) leg.ports.release(port);
    port = undefined;
  }

  return {
    release() {
      if (isReleased) return;
      isReleased = true;
      proxied?.close();
      if (server?.listening) server.close();
      releasePort();
    },
  };
}

/** A peer that has reset its connection before it was accepted has no address any more: 0.0.0.0:0. */
function peerOf({ remoteAddress = "", remotePort = 0 }: Socket): Endpoint {
  return { address: parseAddress(remoteAddress) ?? "0.0.0.0", port: remotePort };
}
