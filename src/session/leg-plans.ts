// Leg plans: the two halves of a data connection, each under TLS where its side has said so.
import type { DialTarget, LegPlan } from "./events.ts";
import { protectionOf } from "./security-state.ts";
import type { Session } from "./state.ts";

/** RFC 959 active mode: the data connection reaches the client from the control port − 1 (20 for 21). */
export function clientLeg(session: Pick<Session, "client" | "security">, endpoint: DialTarget | undefined): LegPlan {
  const { client } = session;
  const protection = protectionOf(session, "client");
  if (endpoint === undefined) return { kind: "listen", peer: client.peer.address, ...protection };
  return { kind: "dial", to: endpoint, fromPort: client.local.port - 1, ...protection };
}

/** Likewise, with what is known of where. */
export function serverLeg(session: Pick<Session, "security">, plan: LegPlan): LegPlan {
  return { ...plan, ...protectionOf(session, "server") };
}
