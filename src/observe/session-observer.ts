// Session observer: the one door through which a session tells operators what happens to it. It is given every step, event and
// effects as they are, and everything is made from that: metrics, log, transcript, history. A step is only noted at first; what it
// means is worked out a little later, when its peers have been served.
import type { ByteCounts } from "../dataplane/pinhole.ts";
import { createSecrets, type Secrets } from "../ftp/secrets.ts";
import type { SessionEffect, SessionEvent } from "../session/events.ts";
import { formatEffect, formatEvent } from "../session/transcript.ts";
import { recordFact, withoutSecrets, type FactRecordDeps } from "./fact-records.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { LateRecords } from "./late-records.ts";
import { withLevelOf, type Logger, type LogLevel } from "./log.ts";
import { createPinholeRecords, type PinholeRecords, type RunningTransfers } from "./pinhole-records.ts";
import { createRepeatedWarnings } from "./repeated-warnings.ts";
import type { SessionNotes } from "./session-history.ts";
import type { SessionRecord } from "./session-record.ts";
import { createStepTimes, type StepTimes } from "./step-times.ts";
import type { TransferLog } from "./transfer-log.ts";

export type SessionObserver = {
  /** `event`: undefined for the start of the session. Nothing is done here but to note both, whatever they are. */
  step(event: SessionEvent | undefined, effects: readonly SessionEffect[]): void;
  /** Something was written so long after the line was read that led to it. */
  relayed(seconds: number): void;
  /** Tells what waits now; else that is done within 10 ms, and before the metrics are read. */
  flush(): void;
};

/** What an observer asks of the session that it observes. */
export type SessionSource = {
  /** What an open pinhole has carried so far. */
  counts(id: number): ByteCounts | undefined;
  /** A step could not be told in full: a bug of ours. Those behind it are told all the same: an end that is not counted never would be. */
  failed(error: unknown): void;
};

/** With what all sessions of a gateway are observed. */
export type ObserverDeps = {
  readonly counts: GatewayMetrics;
  readonly lateRecords: LateRecords;
  readonly running: RunningTransfers;
  /** The parent of the sessions' loggers. */
  readonly logger: Logger;
  /** Where transfers go beside the log. */
  readonly transferLog: TransferLog | undefined;
};

/** What is one session's own. `notes`: where it is kept, if it is. `record`: what is known of it, which `notes` brings up to date. */
export type ObservedSession = {
  readonly record: SessionRecord;
  readonly log: Logger;
  /** Absent: what the log has at any time. */
  readonly logLevel: LogLevel | undefined;
  readonly notes: SessionNotes | undefined;
  readonly source: SessionSource;
};

/** `at`: monotonic milliseconds. */
type Step = {
  readonly at: number;
  readonly event: SessionEvent | undefined;
  readonly effects: readonly SessionEffect[];
};

/** What is known of one session while it is observed. */
type Observed = ObservedSession & {
  readonly deps: ObserverDeps;
  readonly secrets: Secrets;
  readonly times: StepTimes;
  readonly facts: FactRecordDeps;
  /** From the first pinhole on. */
  pinholes: PinholeRecords | undefined;
  readonly startedAt: number;
  waiting: Step[];
  hasEnded: boolean;
};

export function createSessionObserver(deps: ObserverDeps, session: ObservedSession): SessionObserver {
  const { counts, lateRecords, transferLog } = deps;
  const { record, log } = session;
  const observed: Observed = {
    ...session,
    deps,
    secrets: createSecrets(),
    times: createStepTimes(counts, record.id),
    facts: { counts, log, warnings: createRepeatedWarnings(log), record, transferLog },
    pinholes: undefined,
    startedAt: performance.now(),
    waiting: [],
    hasEnded: false,
  };
  const tellWaiting = (): void => flush(observed);
  return {
    step(event, effects) {
      observed.waiting.push({ at: performance.now(), event, effects });
      if (observed.waiting.length === 1) lateRecords.add(tellWaiting);
    },
    relayed: (seconds) => counts.relayLatencySeconds.observe(seconds),
    flush: tellWaiting,
  };
}

function flush(observed: Observed): void {
  const { waiting: steps, deps, log, logLevel, source } = observed;
  if (steps.length === 0) return;
  observed.waiting = [];
  const isTraced = withLevelOf(deps.logger, log, logLevel).isLevelEnabled("trace");
  let failures: unknown[] | undefined;
  for (const step of steps) {
    try {
      tell(observed, step, isTraced);
    } catch (error) {
      (failures ??= []).push(error);
    }
  }
  // At the end: the session may end of it, and what had happened before comes before that.
  if (failures !== undefined) for (const failure of failures) source.failed(failure);
}

function tell(observed: Observed, step: Step, isTraced: boolean): void {
  const { notes, secrets } = observed;
  const { at, event, effects } = step;
  if (event !== undefined) happened(observed, at, event);
  for (const effect of effects) followed(observed, at, effect);
  if (isTraced) trace(observed, step);
  notes?.note(at, event, effects, secrets.hide);
  if (observed.hasEnded) notes?.ended();
}

function happened({ times, secrets, pinholes, deps }: Observed, at: number, event: SessionEvent): void {
  times.happened(at, event.kind);
  if (event.kind === "client-line") secrets.note(event.text);
  else if (event.kind === "pinhole") pinholes?.reported(at, event.id, event.event);
  else if (event.kind === "opaque-moved") {
    deps.counts.opaqueBytes.upload.inc(event.bytesUp);
    deps.counts.opaqueBytes.download.inc(event.bytesDown);
  }
}

function followed(observed: Observed, at: number, effect: SessionEffect): void {
  const { times, secrets, startedAt, facts } = observed;
  times.followed(at, effect.kind);
  if (effect.kind === "open") {
    observed.pinholes ??= pinholeRecordsOf(observed);
    observed.pinholes.requested(at, effect);
  } else if (effect.kind === "record") {
    if (effect.fact.kind === "ended") {
      observed.hasEnded = true;
      observed.pinholes?.sessionEnded();
    }
    recordFact(withoutSecrets(effect.fact, secrets.hide), at - startedAt, facts);
  }
}

function pinholeRecordsOf({ deps, record, log, facts, source }: Observed): PinholeRecords {
  const { counts, running } = deps;
  return createPinholeRecords({
    session: record.id,
    ...{ counts, log, running },
    warnings: facts.warnings,
    bytesOf: source.counts,
  });
}

function trace({ log, secrets }: Observed, { event, effects }: Step): void {
  if (event !== undefined) log.trace(secrets.hide(formatEvent(event)));
  for (const line of effects.flatMap(formatEffect)) log.trace(secrets.hide(line));
}
