// TLS of a gateway: its files, and what speaks it. Who terminates none loads none.
import type { GatewayTelemetry } from "../../observe/telemetry.ts";
import type { TlsOfGateway } from "../driver/session-tls.ts";
import type { GatewayTls } from "../options.ts";
import type { TicketRing } from "./loaded-tls.ts";

/** Undefined where none is terminated. Rejects with an Error that names the file and what is wrong with it. */
export async function tlsOf(
  options: GatewayTls | undefined,
  { note }: Pick<GatewayTelemetry, "note">,
  ring: TicketRing,
): Promise<TlsOfGateway | undefined> {
  if (options?.kind !== "terminate") return undefined;
  const [{ loadTls }, { startTls }, { createSessionStore }, { newTicketKey }] = await Promise.all([
    import("./loaded-tls.ts"),
    import("../../tls/start-tls.ts"),
    import("../../tls/session-store.ts"),
    import("../../tls/ticket-keys.ts"),
  ]);
  const loaded = await loadTls(options, { note }, ring);
  return { loaded, tools: { startTls, createSessionStore: () => createSessionStore(), newTicketKey } };
}
