// Client TLS: the control connection of the client goes under TLS, and comes back to clear text (RFC 4217 4 and 11). What the client
// was known for before AUTH counts no more: it logs in anew.
import { formatReply } from "../ftp/reply.ts";
import { supersedePending } from "./negotiation.ts";
import type { ControlProtection, Security, SecurityStep } from "./security-state.ts";
import { emit, record, type Work } from "./work.ts";

/** `says`: the answer to AUTH, in clear. */
export function startClientTls(work: Work, says: string, next: SecurityStep): void {
  emit(work, { kind: "start-tls", side: "client", says });
  if (says !== "") record(work, { kind: "reply", code: 234 });
  updateSecurity(work, { stage: { kind: "handshake", side: "client", next } });
}

/** With the last reply under TLS. `control`: what holds from then on. */
export function endClientTls(
  work: Work,
  [code, text]: readonly [number, string],
  control: Exclude<ControlProtection, "tls">,
): void {
  emit(work, { kind: "end-tls", side: "client", says: formatReply(code, text) });
  record(work, { kind: "reply", code });
  updateSecurity(work, { stage: { kind: "ending", control } });
}

/** As after the greeting: who has logged in has not. */
export function loginAnew(work: Work): void {
  const { session } = work;
  supersedePending(work);
  // Who was not logged in has the time that it has had.
  if (session.loggedIn) emit(work, { kind: "timer", timer: "login", ms: session.options.timeouts.loginMs });
  session.loggedIn = false;
  session.nextPolicy = undefined;
}

export function updateSecurity(work: Work, change: Partial<Security>): void {
  work.session.security = { ...work.session.security, ...change };
}
