// Control TLS: the upgrade of a session's control connections, and the way back (CCC). What becomes of it is an event of the session.
import type { Side } from "../../dataplane/pinhole.ts";
import type { SessionEffect, SessionEvent } from "../../session/events.ts";
import type { Direction } from "../../session/facts.ts";
import type { SecuredConnection } from "../../sockets/secure-transport.ts";
import { directionOf, targetOf } from "../../session/state.ts";
import { soon } from "../../sockets/soon.ts";
import { backlogOf } from "../../sockets/transport.ts";
import type { HandshakeEvents } from "../../tls/handshake.ts";
import type { LegTlsSource } from "../../tls/leg-tls.ts";
import { type ControlConnection, flush, hasPiece } from "../control/control-connection.ts";
import type { Driver } from "./driver-state.ts";
import { createSessionTls, type TlsOfGateway } from "./session-tls.ts";

type StartTls = Extract<SessionEffect, { readonly kind: "start-tls" }>;

/** No event comes during a call. */
export type ControlTls = {
  /** `host`: the server's, as the route has it. What is said on the connection until TLS has come about is held. */
  start(connection: ControlConnection, effect: StartTls, host: string): void;
  end(connection: ControlConnection, says: string): void;
  /** Nothing more is told of it. */
  forget(connection: ControlConnection): void;
  /** A connection has drained: what was to be said in clear is said, and TLS may begin. */
  drained(): void;
  /** Of a data connection. `direction`: of its transfer, asked for when that begins. */
  leg(side: Side, direction: () => Direction): LegTlsSource;
};

function createControlTls(gateway: TlsOfGateway, report: (event: SessionEvent) => void): ControlTls {
  const tls = createSessionTls(gateway);
  const secured: Partial<Record<Side, SecuredConnection>> = {};
  const forgotten = new WeakSet<ControlConnection>();
  let waiting: { readonly connection: ControlConnection; readonly begin: () => void }[] = [];

  function drained(): void {
    const due = waiting.filter(({ connection }) => backlogOf(connection.transport) === 0);
    waiting = waiting.filter((one) => !due.includes(one));
    for (const { begin } of due) begin();
  }

  function tell(connection: ControlConnection, event: SessionEvent): void {
    if (!forgotten.has(connection)) report(event);
  }

  return {
    start(connection, { side, says }, host) {
      // Where a client is told nothing TLS begins with the first byte, and what is unread belongs to it.
      const isImplicit = side === "client" && says === "";
      if (!isImplicit && hasPiece(connection)) {
        const detail = `the ${side} has said more in clear`;
        soon(() => tell(connection, { kind: "tls-failed", side, cause: "bytes-before-tls", detail }));
        return;
      }
      connection.unwritten += says;
      flush(connection);
      connection.isHeld = true;
      const events: HandshakeEvents = {
        secured(handshake) {
          connection.isHeld = false;
          tell(connection, { kind: "tls-started", side, ...handshake });
        },
        failed: (failure) => tell(connection, { kind: "tls-failed", side, ...failure }),
      };
      const begin = (): void => void (secured[side] = tls.start(side, connection.transport, host, events));
      waiting.push({ connection, begin });
      drained();
    },
    end(connection, says) {
      connection.unwritten += says;
      flush(connection);
      connection.isHeld = true;
      secured.client?.endTls(() => {
        connection.isHeld = false;
        report({ kind: "tls-ended", side: "client" });
      });
    },
    forget(connection) {
      forgotten.add(connection);
      waiting = waiting.filter((one) => one.connection !== connection);
    },
    drained,
    leg: tls.leg,
  };
}

/** Of the session's control connection on that side. */
export function startTls(driver: Driver, effect: StartTls, report: (event: SessionEvent) => void): void {
  const { client, server, session } = driver;
  const { tls } = driver.deps;
  const connection = effect.side === "client" ? client : server;
  if (tls === undefined) throw new Error("TLS is to begin where none is configured");
  if (connection === undefined) throw new Error("TLS is to begin with a server that is not connected");
  driver.tls ??= createControlTls(tls, report);
  driver.tls.start(connection, effect, targetOf(session)?.host ?? server?.transport.peer.address ?? "");
}

/** Of the session's data connections. */
export function legTlsOf(driver: Driver): (side: Side, id: number) => LegTlsSource {
  return (side, id) => {
    if (driver.tls === undefined) throw new Error("a data connection is to be under TLS, and no control connection is");
    return driver.tls.leg(side, () => directionOf(driver.session, id));
  };
}
