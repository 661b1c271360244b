// Admission: how many clients may be inside at once, together and from one address, and what those over a limit are told.
import { formatReply } from "../../ftp/reply.ts";
import type { Endpoint } from "../../net/endpoint.ts";
import { refusal } from "../../session/refusals.ts";
import { endTransport, send, type Transport } from "../../sockets/transport.ts";
import type { GatewayOptions } from "../options.ts";

export type AdmissionRefusal = "too-many-sessions" | "too-many-sessions-per-client";

export type Admission = {
  /** Counts the client in and returns undefined, or returns why it may not come in. */
  admit(client: Endpoint, limits: GatewayOptions["limits"]): AdmissionRefusal | undefined;
  /** Once for each client that was admitted. */
  leave(client: Endpoint): void;
};

export function createAdmission(): Admission {
  const perClient = new Map<string, number>();
  let inside = 0;
  return {
    admit({ address }, { sessions, sessionsPerClient }) {
      const ofClient = perClient.get(address) ?? 0;
      if (inside >= sessions) return "too-many-sessions";
      if (ofClient >= sessionsPerClient) return "too-many-sessions-per-client";
      perClient.set(address, ofClient + 1);
      inside += 1;
      return undefined;
    },
    leave({ address }) {
      inside -= 1;
      const left = (perClient.get(address) ?? 1) - 1;
      if (left > 0) perClient.set(address, left);
      else perClient.delete(address);
    },
  };
}

/** 421 with the reason, then FIN: a silent close confuses clients (D5.89). What the client has sent is read and dropped. */
export function turnAway(transport: Transport, reason: AdmissionRefusal): void {
  const { code, text } = refusal(reason);
  send(transport, formatReply(code, text));
  endTransport(transport);
}
