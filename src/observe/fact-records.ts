// Fact records: what each fact of a session counts, and its line in the log, side by side. Addresses, users and texts go to the log
// alone. Facts carry no arguments of commands, but for the path of a transfer, which the session's record has; what they quote of peers is
// masked.
// Levels: sessions, logins and ended transfers are `info`; refusals `warn`; each command and reply `debug`.
import { metricVerb } from "../ftp/command.ts";
import { formatEndpoint } from "../net/endpoint.ts";
import type { Diagnosis } from "../session/diagnosis.ts";
import type { Fact, TransferEnded } from "../session/facts.ts";
import { replyClasses, type GatewayMetrics } from "./gateway-metrics.ts";
import type { Logger } from "./log.ts";
import type { RepeatedWarnings } from "./repeated-warnings.ts";
import type { SessionRecord } from "./session-record.ts";
import { transferLine } from "./transfer-line.ts";
import type { TransferLog } from "./transfer-log.ts";

export type FactRecordDeps = {
  readonly counts: GatewayMetrics;
  readonly log: Logger;
  readonly warnings: RepeatedWarnings;
  /** What was known of the session before this step. */
  readonly record: SessionRecord;
  readonly transferLog: TransferLog | undefined;
};

/** Facts quote what peers say in their details and in the sentences of a diagnosis alone. */
export function withoutSecrets(fact: Fact, hide: (text: string) => string): Fact {
  const masked =
    "diagnosis" in fact && fact.diagnosis !== undefined ? { ...fact, diagnosis: hideIn(fact.diagnosis, hide) } : fact;
  return "detail" in masked && masked.detail !== undefined ? { ...masked, detail: hide(masked.detail) } : masked;
}

function hideIn(diagnosis: Diagnosis, hide: (text: string) => string): Diagnosis {
  const { sentence, clientSentence } = diagnosis;
  return { ...diagnosis, sentence: hide(sentence), clientSentence: hide(clientSentence) };
}

/** `fact`: without secrets. `ageMs`: of the session, when this happened. */
export function recordFact(fact: Fact, ageMs: number, deps: FactRecordDeps): void {
  const { counts, log, warnings } = deps;
  switch (fact.kind) {
    case "command":
      counts.command(fact.verb).inc();
      // A verb that nobody knows may be anything, a password typed too early too.
      if (log.isLevelEnabled("debug")) log.debug({ verb: metricVerb(fact.verb) }, "command");
      break;
    case "reply":
      counts.replies[replyClasses[Math.floor(fact.code / 100) - 1] ?? "other"].inc();
      if (log.isLevelEnabled("debug")) log.debug({ code: fact.code }, "reply");
      break;
    case "quirk":
      counts.quirks[fact.quirk].inc();
      if (log.isLevelEnabled("debug")) log.debug({ quirk: fact.quirk }, "quirk");
      break;
    case "refusal":
      counts.refusals[fact.reason].inc();
      warnings.warn("refused", { reason: fact.reason }, { detail: fact.detail });
      break;
    case "server-connected":
      log.info({ server: formatEndpoint(fact.peer), local: formatEndpoint(fact.local) }, "server connected");
      break;
    case "tls-started":
    case "tls-failed":
    case "tls-ended":
    case "opaque":
    case "opaque-ended":
      recordTls(fact, deps);
      break;
    case "logged-in":
      log.info({ user: fact.user }, "logged in");
      break;
    case "login-failed":
      log.info({ user: fact.user, code: fact.code }, "login failed");
      break;
    case "translated":
      counts.translations[fact.from][fact.to].inc();
      log.debug({ from: fact.from, to: fact.to }, "translated");
      break;
    case "server-rejects":
      log.info({ mode: fact.mode, code: fact.code }, "server rejects mode");
      break;
    case "transfer-started":
      log.debug({ plane: fact.plane, verb: fact.verb }, "transfer started");
      break;
    case "transfer-ended":
      recordTransfer(fact, deps);
      break;
    case "failure": {
      const { hop, cause, sentence, advice } = fact.diagnosis;
      counts.failures(hop, cause).inc();
      log.warn({ hop, cause, sentence, advice }, "session failed");
      break;
    }
    case "ended": {
      warnings.tellRepeated();
      counts.sessionsActive.dec();
      counts.sessions[fact.reason].inc();
      const line = { reason: fact.reason, detail: fact.detail, durationMs: Math.round(ageMs) };
      if (fact.reason === "internal-error") log.error(line, "session ended");
      else log.info(line, "session ended");
      break;
    }
  }
}

type TlsFact = Extract<Fact, { kind: "tls-started" | "tls-failed" | "tls-ended" | "opaque" | "opaque-ended" }>;

function recordTls(fact: TlsFact, { counts, log, record }: FactRecordDeps): void {
  switch (fact.kind) {
    case "tls-started": {
      const { kind: _, ...line } = fact;
      counts.handshake(fact, fact.resumed ? "resumed" : "full");
      counts.handshakeSeconds.observe(fact.durationMs / 1000, record.id);
      if (fact.connection === "control") log.info(line, "TLS started");
      else log.debug(line, "TLS started");
      break;
    }
    case "tls-failed": {
      const { kind: _, ...line } = fact;
      counts.handshake(fact, fact.cause);
      log.warn(line, "TLS failed");
      break;
    }
    case "tls-ended":
      log.info({ side: fact.side }, "TLS ended");
      break;
    case "opaque":
      counts.opaqueSessions.inc();
      log.info("session is opaque");
      break;
    case "opaque-ended":
      log.info("session is in clear again");
      break;
  }
}

/**
 * A data connection that was negotiated, then neither used nor named in a transfer command (clients that send PASV twice, or quit
 * after it), is a pinhole that was not needed and no transfer that failed.
 */
function recordTransfer(fact: TransferEnded, { counts, log, record, transferLog }: FactRecordDeps): void {
  if (fact.joined || fact.verb !== "") {
    counts.transferEnded(fact);
    const line = transferLine(fact, record);
    log.info(line, "transfer ended");
    transferLog?.transferEnded(line, record);
  } else if (log.isLevelEnabled("debug")) log.debug(transferLine(fact, record), "data connection not used");
}
