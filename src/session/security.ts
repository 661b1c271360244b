// Security of a session: what the driver reports of TLS on the two control connections.
import type { TlsEvent } from "./events.ts";
import { bytesBeforeTls } from "./client-security.ts";
import { updateSecurity } from "./client-tls.ts";
import { diagnoseTlsFailed } from "./diagnose-tls.ts";
import { isReplaceable, tryNextServer } from "./next-server.ts";
import { introduce } from "./pool-route.ts";
import { inClear, type SecurityStep } from "./security-state.ts";
import { protectServer, serverAnew } from "./server-security.ts";
import { begin } from "./start.ts";
import { end, record, recordFailure, type Work } from "./work.ts";

/** What has become of a `start-tls` or `end-tls`; anything else is too late and means nothing. */
export function tlsReported(work: Work, event: TlsEvent): void {
  const { stage } = work.session.security;
  switch (event.kind) {
    case "tls-started":
      if (stage?.kind === "handshake" && stage.side === event.side) started(work, event, stage.next);
      break;
    case "tls-failed":
      if (stage?.kind === "handshake" && stage.side === event.side) failed(work, event);
      break;
    case "tls-ended":
      if (stage?.kind === "ending") ended(work, stage.control);
      break;
  }
}

function started(work: Work, event: Extract<TlsEvent, { kind: "tls-started" }>, next: SecurityStep): void {
  const { version, cipher, resumed, durationMs, name, subject, user } = event;
  record(work, {
    ...{ kind: "tls-started", side: event.side, connection: "control", version, cipher, resumed, durationMs },
    ...(name !== undefined && { name }),
    ...(subject !== undefined && { peer: subject }),
  });
  updateSecurity(work, { stage: undefined });
  const { client, server } = work.session.security;
  if (event.side === "server") {
    updateSecurity(work, { server: { ...server, control: "tls" } });
    // Where TLS came before the greeting, the rest comes behind it.
    if (work.session.phase.name === "relaying") protectServer(work, next);
    return;
  }
  const data = next.kind === "client-auth" ? next.data : "private";
  updateSecurity(work, { client: { ...client, control: "tls", data, isSized: data === "private", user } });
  if (name !== undefined) introduce(work, { tlsName: name });
  if (next.kind === "begin") begin(work, next.target);
}

function failed(work: Work, { side, cause, detail }: Extract<TlsEvent, { kind: "tls-failed" }>): void {
  if (side === "server" && isReplaceable(work.session)) {
    record(work, { kind: "tls-failed", side, connection: "control", cause, detail });
    tryNextServer(work, `TLS failed: ${cause}${detail === "" ? "" : `, ${detail}`}`);
    return;
  }
  if (cause === "bytes-before-tls") {
    bytesBeforeTls(work, side, detail);
    return;
  }
  record(work, { kind: "tls-failed", side, connection: "control", cause, detail });
  const diagnosis = diagnoseTlsFailed(work.session, side, cause, detail);
  recordFailure(work, diagnosis);
  record(work, { kind: "refusal", reason: "tls-failed", detail });
  const said = side === "client" ? undefined : diagnosis.clientSentence;
  end(work, "tls-failed", `${side}: ${cause}${detail === "" ? "" : `, ${detail}`}`, said);
}

function ended(work: Work, control: "clear" | "cleared"): void {
  const { client } = work.session.security;
  record(work, { kind: "tls-ended", side: "client" });
  // CCC leaves data connections as they were (RFC 4217 7), REIN nothing.
  if (control === "cleared") {
    updateSecurity(work, { client: { ...client, control }, stage: undefined });
    return;
  }
  updateSecurity(work, { client: inClear.client, stage: undefined });
  serverAnew(work);
}
