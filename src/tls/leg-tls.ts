// TLS of a data connection's leg, as plain data: it is made on one thread and done on another.
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { createEndingFeed } from "../sockets/ending-feed.ts";
import { createHeldFeed } from "../sockets/held-feed.ts";
import { type TlsEnd, watchTlsEnd } from "../sockets/tls-handle.ts";
import { type ClientContext, type ClientTls, createClientContext } from "./client-context.ts";
import type { Refusal } from "./handshake.ts";
import { createServerContext, type ServerContext, type ServerTls } from "./server-context.ts";
import { createSessionStore, type SessionEntry } from "./session-store.ts";
import type { TicketKeys, TicketPolicy } from "./ticket-keys.ts";

/** What an end without close_notify is: a break, or complete. */
type Truncation = "reset" | "tolerate";

/**
 * `key`: legs with the same are done with the same context, which takes a while to make. `isEndHeld`: how TLS ends is told the slow way, by
 * the order of its end and TCP's. `mayCancel`: the peer may end with user_canceled, and its records are watched for that. `isDownload`:
 * the file comes from the server.
 */
type LegTraits = {
  readonly key: string;
  readonly truncation: Truncation;
  readonly isEndHeld?: boolean;
  readonly mayCancel?: boolean;
  readonly isDownload?: boolean;
};

/**
 * Towards the client: the sessions of its control connection may be resumed, and have to with `mustResume`. Then nobody else has the first
 * of the keys: what a stranger is given before it is refused must open nothing.
 */
export type ServerLegTls = LegTraits & {
  readonly role: "server";
  readonly tls: ServerTls;
  readonly ticketKeys: TicketKeys;
  readonly policy: TicketPolicy;
  readonly sessions: readonly SessionEntry[];
  readonly mustResume: boolean;
};

/** Towards the server: `session` is the control connection's. */
export type ClientLegTls = LegTraits & {
  readonly role: "client";
  readonly tls: ClientTls;
  readonly session?: Uint8Array | undefined;
};

export type LegTls = ServerLegTls | ClientLegTls;

/** Where it comes from: it is asked for when the handshake is due. */
export type LegTlsSource = {
  describe(): LegTls;
  /** A handshake with a client has made a session that may be resumed by its id. */
  learned(entry: SessionEntry): void;
  /** TLS has come about, and the peer is the one that is meant. */
  accepted(): void;
};

/** `end`: how the peer has ended its direction, once it has. */
export type OpenedLeg = {
  readonly socket: TLSSocket;
  readonly refusal: Refusal;
  readonly end: () => TlsEnd | undefined;
};

/** Opens TLS on a leg whose next byte is the peer's or ours. Not to be called for one that has no more than bytes in clear. */
export type OpenLeg = (raw: Socket, leg: LegTls, learned: (entry: SessionEntry) => void) => OpenedLeg;

/** Of gateways, and of what was read before their files changed. */
const mostContexts = 64;

/** With a memory of contexts of its own: one for each thread. */
export function createLegOpener(): OpenLeg {
  const servers = new Map<string, { readonly context: ServerContext; readonly holder: { keys: TicketKeys } }>();
  const clients = new Map<string, ClientContext>();

  function serverOf({ key, policy, tls, ticketKeys }: ServerLegTls): ServerContext {
    const entry = remembered(servers, `${key} ${policy}`, () => {
      const holder = { keys: ticketKeys };
      return { holder, context: createServerContext(tls, () => holder.keys, policy) };
    });
    entry.holder.keys = ticketKeys;
    return entry.context;
  }

  return (raw, leg, learned) => {
    if (leg.role === "client") {
      const context = remembered(clients, leg.key, () => createClientContext(leg.tls));
      return { ...openOver(raw, leg, (beneath) => context.open(beneath, leg.session)), refusal: context.refusal };
    }
    const { mustResume, tls, ticketKeys, policy } = leg;
    const context = mustResume ? createServerContext(tls, () => ticketKeys, policy) : serverOf(leg);
    const store = createSessionStore(leg.sessions, mustResume ? undefined : learned);
    return {
      ...openOver(raw, leg, (beneath) => context.open(beneath, store)),
      refusal(secured) {
        if (mustResume && !secured.isSessionReused()) return notResumed;
        return context.refusal(secured);
      },
    };
  };
}

function openOver(
  raw: Socket,
  { isEndHeld = false, mayCancel = false }: LegTraits,
  open: (beneath: Socket | Duplex) => TLSSocket,
): Omit<OpenedLeg, "refusal"> {
  if (!isEndHeld && !mayCancel) {
    const socket = open(raw);
    return { socket, end: watchTlsEnd(socket) };
  }
  const feed = mayCancel ? createEndingFeed(raw) : createHeldFeed(raw);
  const socket = open(feed.stream);
  return { socket, end: feed.watch(socket) };
}

const notResumed = {
  cause: "not-resumed",
  detail: "the data connection does not resume the TLS session of its control connection",
} as const;

/** The one that was used last is forgotten last. */
function remembered<T>(memory: Map<string, T>, key: string, make: () => T): T {
  const value = memory.get(key) ?? make();
  memory.delete(key);
  memory.set(key, value);
  if (memory.size > mostContexts) for (const [oldest] of [...memory].slice(0, 1)) memory.delete(oldest);
  return value;
}
