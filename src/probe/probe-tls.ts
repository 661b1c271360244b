// TLS of a probe: the handshake of its connections, as a client. Loaded by those that speak it alone.
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { createHeldFeed } from "../sockets/held-feed.ts";
import { watchTlsEnd } from "../sockets/tls-handle.ts";
import { createClientContext } from "../tls/client-context.ts";
import { watchHandshake } from "../tls/handshake.ts";
import { truncationWay } from "../tls/tls-self-test.ts";
import type { ProbeConnection, ProbeEvent } from "./report.ts";
import type { ProbeTls } from "./security.ts";

export type ProbeTlsSocket = {
  readonly socket: TLSSocket;
  /** Its end was none of TLS: something may be missing. Known once it has ended. */
  isCut(): boolean;
};

/**
 * TLS from exactly the next byte in each direction; nothing where the connection has gone meanwhile. `opened` is called before anything is told, `tell` once the handshake is over, either way.
 * `session`: of the control connection.
 */
export async function secureSocket(
  connection: ProbeConnection,
  raw: Socket,
  { peer, truncation = "reset" }: ProbeTls,
  session: Uint8Array | undefined,
  opened: (tls: ProbeTlsSocket) => void,
  tell: (event: ProbeEvent) => void,
): Promise<void> {
  const way = truncation === "reset" ? await truncationWay() : undefined;
  if (raw.destroyed) return;
  const context = createClientContext(peer);
  const feed = way === "order" ? createHeldFeed(raw) : undefined;
  const socket = context.open(feed?.stream ?? raw, session);
  const end = feed?.watch(socket) ?? watchTlsEnd(socket);
  opened({ socket, isCut: () => way !== undefined && end() === "cut" });
  watchHandshake(socket, context.refusal, {
    secured({ version, resumed }) {
      tell({ kind: "secured", connection, secured: { version, resumed } });
    },
    failed({ cause, detail }) {
      tell({ kind: "tls-failed", connection, cause, why: detail });
      socket.destroy();
    },
  });
}
