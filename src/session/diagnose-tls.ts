// Diagnose, TLS: what a failed handshake, a refusal or an end without close_notify tell of the hop that failed.
import type { PinholeEvent, PinholeOutcome, Side } from "../dataplane/pinhole.ts";
import { formatEndpoint } from "../net/endpoint.ts";
import { tlsCauses, type TlsCause } from "../net/tls.ts";
import { found } from "./found.ts";
import type { Cause, Diagnosis } from "./diagnosis.ts";
import type { Fact } from "./facts.ts";
import type { Session } from "./state.ts";
import type { Transfer } from "./transfer-state.ts";

const words: Readonly<Record<TlsCause, string>> = {
  "bytes-before-tls": "something was said in clear before it",
  "not-tls": "what came is no TLS",
  "protocol-version": "no common protocol version",
  "no-shared-cipher": "no shared cipher",
  "unknown-ca": "no chain to a trusted authority",
  "certificate-name": "the certificate is for another name",
  "certificate-expired": "the certificate's date",
  "certificate-pin": "the key is not the one of serverSide.tls.pin",
  "no-certificate": "no certificate was shown",
  rejected: "the gateway's certificate was not taken",
  "not-resumed": "another session or none",
  closed: "the connection was closed",
  "timed-out": "it took too long",
  failed: "the handshake failed",
};

/** What a failed handshake is called. */
export function handshakeCause(cause: TlsCause): Cause {
  switch (cause) {
    case "protocol-version":
    case "no-shared-cipher":
      return "tls-version";
    case "unknown-ca":
    case "certificate-name":
    case "certificate-expired":
    case "certificate-pin":
    case "no-certificate":
    case "rejected":
      return "tls-certificate";
    default:
      return "tls-failed";
  }
}

function explained(cause: TlsCause, detail: string): string {
  return detail === "" ? words[cause] : `${words[cause]} (${detail})`;
}

/** A handshake on a control connection. */
export function diagnoseTlsFailed(session: Session, side: Side, cause: TlsCause, detail: string): Diagnosis {
  const parts = { peer: peerOf(session, side), why: explained(cause, detail) };
  return found(session, `${side}-control`, handshakeCause(cause), parts);
}

/** The server answers no to AUTH or PROT. */
export function diagnoseTlsRefused(
  session: Session,
  { verb, code, text }: { readonly verb: string; readonly code: number; readonly text: string },
): Diagnosis {
  const { phase } = session;
  const endpoint = "server" in phase && phase.server !== undefined ? formatEndpoint(phase.server.peer) : "";
  return found(session, "server-control", "tls-refused", { endpoint, why: `${verb} answered ${code} ${text}`.trim() });
}

/** `TlsCause: why` of a data connection that has ended so. */
function readDetail(detail: string): { readonly cause: TlsCause; readonly why: string } {
  const [, word, why = ""] = /^([a-z-]+)(?:: ?([^]*))?$/.exec(detail) ?? [];
  const cause = tlsCauses.find((known) => known === word);
  return cause === undefined ? { cause: "failed", why: detail } : { cause, why };
}

type Unprotected = Extract<PinholeOutcome, "client-tls-failed" | "server-tls-failed" | "tls-truncated">;

/** A data connection that has ended so. */
export function diagnoseDataTls(session: Session, transfer: Transfer, outcome: Unprotected, detail: string): Diagnosis {
  const side = sideOf(outcome, detail);
  const hop = transfer.plans[side].kind === "listen" ? (`${side}-data-in` as const) : (`${side}-data-out` as const);
  const peer = peerOf(session, side);
  if (outcome === "tls-truncated") return found(session, hop, "tls-truncated", { peer });
  const { cause, why } = readDetail(detail);
  const known = cause === "not-resumed" ? "tls-not-resumed" : handshakeCause(cause);
  return found(session, hop, known, { peer, why: explained(cause, why) });
}

function sideOf(outcome: Unprotected, detail: string): Side {
  if (outcome === "tls-truncated") return detail.startsWith("server") ? "server" : "client";
  return outcome === "client-tls-failed" ? "client" : "server";
}

function peerOf({ client, phase }: Session, side: Side): string {
  if (side === "client") return client.peer.address;
  return "server" in phase && phase.server !== undefined ? phase.server.peer.address : "";
}

/** The fact of a data connection that has ended for want of TLS. */
export function tlsFailureOf({
  outcome,
  detail = "",
}: Extract<PinholeEvent, { kind: "closed" }>): Extract<Fact, { kind: "tls-failed" }> | undefined {
  if (outcome !== "client-tls-failed" && outcome !== "server-tls-failed") return undefined;
  const { cause, why } = readDetail(detail);
  return { kind: "tls-failed", side: sideOf(outcome, detail), connection: "data", cause, detail: why };
}
