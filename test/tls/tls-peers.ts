// What both sides of TLS need in tests: certificates, and legs as a session would describe them.
import type { LegTls, LegTlsSource } from "../../src/tls/leg-tls.ts";
import { checkCertificate, type Certificate } from "../../src/tls/certificate.ts";
import type { SessionEntry } from "../../src/tls/session-store.ts";
import { newTicketKey, type TicketKeys } from "../../src/tls/ticket-keys.ts";
import { type MadeCertificate, makeCertificate } from "./made-certificate.ts";

export const made = makeCertificate({ name: "ftp.example.net" });
export const ticketKeys: TicketKeys = [newTicketKey()];

export function certificateOf({ cert, key }: MadeCertificate): Certificate {
  const checked = checkCertificate(cert, key, Date.now());
  if (!checked.ok) throw new Error(checked.problem);
  return checked.certificate;
}

type ServerLeg = Extract<LegTls, { role: "server" }>;
type ClientLeg = Extract<LegTls, { role: "client" }>;

export const serverLeg: ServerLeg = {
  role: "server",
  key: "test",
  tls: { certificates: [certificateOf(made)], minVersion: "TLSv1.2" },
  truncation: "reset",
  ticketKeys,
  policy: "renew",
  sessions: [],
  mustResume: false,
};

export const clientLeg: ClientLeg = {
  role: "client",
  key: "test",
  tls: { verify: true, ca: made.cert, name: "ftp.example.net", minVersion: "TLSv1.2" },
  truncation: "reset",
};

export function source(leg: LegTls, learned: SessionEntry[] = []): LegTlsSource {
  return { describe: () => leg, learned: (entry) => void learned.push(entry), accepted() {} };
}
