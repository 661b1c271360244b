// Transfer line: all that an auditor asks of a transfer that has ended, each with its own line in the log. Made of the fact, and of what the
// session's record knows of it.
import { formatEndpoint } from "../net/endpoint.ts";
import type { TlsVersion } from "../net/tls.ts";
import type { TransferEnded } from "../session/facts.ts";
import { readable } from "./readable.ts";
import type { ConnectionRecord } from "./connection-record.ts";
import type { SessionRecord } from "./session-record.ts";

export type TransferLine = {
  readonly client: string;
  /** Once a login was tried. */
  readonly user?: string;
  /** Once it is connected. */
  readonly server?: string;
  readonly verb: string;
  /** The argument of the transfer command as it was sent to the server; secrets in it are masked. */
  readonly path: string;
  readonly direction: TransferEnded["direction"];
  readonly clientMode: TransferEnded["clientMode"];
  readonly serverMode: TransferEnded["serverMode"];
  /** The version of TLS on each leg that was under it. */
  readonly clientTls?: TlsVersion;
  readonly serverTls?: TlsVersion;
  readonly plane: TransferEnded["plane"];
  readonly outcome: TransferEnded["outcome"];
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly durationMs: number;
  readonly detail?: string;
  /** These three where it failed. */
  readonly hop?: string;
  readonly cause?: string;
  readonly sentence?: string;
};

/** `fact`: without secrets, as `record` is. */
export function transferLine(fact: TransferEnded, record: SessionRecord): TransferLine {
  const { verb, direction, clientMode, serverMode, plane, outcome, bytesUp, bytesDown, durationMs, detail, diagnosis } =
    fact;
  const { client, user, server, connections } = record;
  const connection = connections.findLast(({ id }) => id === fact.id);
  return {
    client: formatEndpoint(client),
    ...(user !== undefined && { user: readable(user) }),
    ...(server !== undefined && { server: formatEndpoint(server) }),
    verb,
    path: readable(connection?.path ?? ""),
    direction,
    clientMode,
    serverMode,
    ...tlsOf(connection?.tls),
    plane,
    outcome,
    bytesUp,
    bytesDown,
    durationMs,
    ...(detail !== undefined && { detail }),
    ...(diagnosis !== undefined && { hop: diagnosis.hop, cause: diagnosis.cause, sentence: diagnosis.sentence }),
  };
}

/** Named for each leg that is under TLS. */
export function tlsOf({ client, server }: ConnectionRecord["tls"] = {}): {
  readonly clientTls?: TlsVersion;
  readonly serverTls?: TlsVersion;
} {
  return { ...(client && { clientTls: client }), ...(server && { serverTls: server }) };
}
