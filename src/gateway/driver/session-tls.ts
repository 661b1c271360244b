// Session TLS: what one session has of it: the sessions of TLS on its two control connections, which its data connections resume.
import type { TLSSocket } from "node:tls";
import type { Side } from "../../dataplane/pinhole.ts";
import type { Direction } from "../../session/facts.ts";
import type { SecuredConnection } from "../../sockets/secure-transport.ts";
import type { Transport } from "../../sockets/transport.ts";
import type { HandshakeEvents } from "../../tls/handshake.ts";
import type { LegTls, LegTlsSource } from "../../tls/leg-tls.ts";
import type { SessionStore } from "../../tls/session-store.ts";
import type { TlsStart } from "../../tls/start-tls.ts";
import type { TicketKeys } from "../../tls/ticket-keys.ts";
import type { Truncation } from "../options.ts";
import type { LoadedTls, TlsMaterial } from "../tls/loaded-tls.ts";

/** What speaks TLS; loaded with the first gateway that has it. */
export type TlsTools = {
  startTls(transport: Transport, start: TlsStart, events: HandshakeEvents): SecuredConnection;
  createSessionStore(): SessionStore;
  newTicketKey(): TicketKeys[0];
};

export type TlsOfGateway = { readonly loaded: LoadedTls; readonly tools: TlsTools };

export type SessionTls = {
  /** `host`: the server's, as the route has it. No event comes during the call. */
  start(side: Side, transport: Transport, host: string, events: HandshakeEvents): SecuredConnection;
  /** Of a data connection. `direction`: of its transfer, asked for when that begins. */
  leg(side: Side, direction: () => Direction): LegTlsSource;
};

/** Clients resume the first session of all, or one of the last. */
const mostKeys = 8;

export function createSessionTls({ loaded, tools }: TlsOfGateway): SessionTls {
  const material = loaded.material();
  const store = tools.createSessionStore();
  const mustResume = material.options.client.sessionReuse === "require";
  // Whose key opens a ticket is whose session it is.
  let ownKeys: TicketKeys | undefined = mustResume ? [tools.newTicketKey()] : undefined;
  let mayCancel = false;
  let serverHost = "";
  let serverSession: Uint8Array | undefined;

  function clientStart(): TlsStart {
    const { serverContext, makeContext, server, options } = material;
    const keys = ownKeys;
    const context = keys === undefined ? serverContext : makeContext(server, () => keys, "renew");
    return {
      open(connection) {
        const socket = context.open(connection, store);
        return socket.once("secure", () => (mayCancel = mayEndWithCancel(socket)));
      },
      refusal: context.refusal,
      mayEnd: options.client.ccc,
    };
  }

  function serverStart(): TlsStart {
    const { context } = material.client(serverHost);
    return {
      open: (connection) =>
        context.open(connection).on("session", (session: Buffer) => {
          serverSession = session;
        }),
      refusal: context.refusal,
      mayEnd: false,
    };
  }

  function clientLeg(direction: () => Direction): LegTlsSource {
    const ownKey = ownKeys && tools.newTicketKey();
    return {
      describe: () => ({
        role: "server",
        key: material.key,
        tls: material.server,
        ...endingOf(loaded, material.options.client.truncation),
        ticketKeys: ownKeys && ownKey ? [ownKey, ...ownKeys] : loaded.ticketKeys(),
        // A client that ends an upload with a ticket unread would reset it.
        policy: direction() === "download" ? "renew" : "none",
        isDownload: direction() === "download",
        sessions: store.entries(),
        mustResume,
        mayCancel: mayCancel && direction() !== "download",
      }),
      learned: (entry) => store.add(entry),
      accepted() {
        if (ownKeys === undefined || ownKey === undefined) return;
        const [first, ...others] = ownKeys;
        ownKeys = [first, ...[ownKey, ...others].slice(0, mostKeys - 1)];
      },
    };
  }

  return {
    start(side, transport, host, events) {
      if (side === "server") serverHost = host;
      return tools.startTls(transport, side === "client" ? clientStart() : serverStart(), events);
    },
    leg(side, direction) {
      if (side === "client") return clientLeg(direction);
      const describe = (): LegTls => ({
        ...serverLeg(loaded, material, serverHost, serverSession),
        isDownload: direction() === "download",
      });
      return { describe, learned() {}, accepted() {} };
    },
  };
}

/**
 * Java does in TLS 1.3, and what it is can't be seen but in what it offers: OpenSSL, which does not, offers signatures that no other does
 * together. Who is taken for Java costs a little more, and is judged no less strictly.
 */
function mayEndWithCancel(socket: TLSSocket): boolean {
  if (socket.getProtocol() !== "TLSv1.3") return false;
  const offered = socket.getSharedSigalgs();
  return !(offered.includes("Ed448+UNDEF") && offered.includes("ECDSA+SHA224"));
}

function serverLeg(loaded: LoadedTls, material: TlsMaterial, host: string, session: Uint8Array | undefined): LegTls {
  const { tls } = material.client(host);
  const ending = endingOf(loaded, material.options.server.truncation);
  return { role: "client", key: `${material.key} ${tls.name}`, tls, ...ending, ...(session && { session }) };
}

/** Where nobody can tell an end from a cut, nothing is taken for cut. */
function endingOf({ truncationWay }: LoadedTls, wanted: Truncation): Pick<LegTls, "truncation" | "isEndHeld"> {
  return {
    truncation: truncationWay === undefined ? "tolerate" : wanted,
    ...(truncationWay === "order" && wanted === "reset" && { isEndHeld: true }),
  };
}
