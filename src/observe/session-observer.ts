// Session observer: the one door through which a session tells operators what happens to it. It is given every step, event and
// effects as they are, and everything is made from that: metrics, log, transcript, history. A step is only noted at first; what it
// means is worked out a little later, when its peers have been served.
import type { ByteCounts } from "../dataplane/pinhole.ts";
import { createSecrets } from "../ftp/secrets.ts";
import type { SessionEffect, SessionEvent } from "../session/events.ts";
import { formatEffect, formatEvent } from "../session/transcript.ts";
import { recordFact, withoutSecrets } from "./fact-records.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";
import type { LateRecords } from "./late-records.ts";
import { withLevelOf, type Logger, type LogLevel } from "./log.ts";
import { createPinholeRecords, type PinholeRecords, type RunningTransfers } from "./pinhole-records.ts";
import { createRepeatedWarnings } from "./repeated-warnings.ts";
import type { SessionNotes } from "./session-history.ts";
import type { SessionRecord } from "./session-record.ts";
import { createStepTimes } from "./step-times.ts";
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

export function createSessionObserver(
  deps: ObserverDeps,
  { record, log, logLevel, notes, source }: ObservedSession,
): SessionObserver {
  const { counts, lateRecords, running, logger, transferLog } = deps;
  const { id } = record;
  const secrets = createSecrets();
  const times = createStepTimes(counts, id);
  const warnings = createRepeatedWarnings(log);
  const factDeps = { counts, log, warnings, record, transferLog };
  let pinholes: PinholeRecords | undefined;
  const startedAt = performance.now();
  let waiting: Step[] = [];
  let hasEnded = false;

  function flush(): void {
    const steps = waiting;
    waiting = [];
    const isTraced = withLevelOf(logger, log, logLevel).isLevelEnabled("trace");
    const failures: unknown[] = [];
    for (const step of steps) {
      try {
        tell(step, isTraced);
      } catch (error) {
        failures.push(error);
      }
    }
    // At the end: the session may end of it, and what had happened before comes before that.
    for (const failure of failures) source.failed(failure);
  }

  function tell(step: Step, isTraced: boolean): void {
    count(step);
    if (isTraced) trace(step);
    notes?.note(step.at, step.event, step.effects, secrets.hide);
    if (hasEnded) notes?.ended();
  }

  function count({ at, event, effects }: Step): void {
    if (event !== undefined) happened(at, event);
    for (const effect of effects) followed(at, effect);
  }

  function happened(at: number, event: SessionEvent): void {
    times.happened(at, event.kind);
    if (event.kind === "client-line") secrets.note(event.text);
    else if (event.kind === "pinhole") pinholes?.reported(at, event.id, event.event);
  }

  function followed(at: number, effect: SessionEffect): void {
    times.followed(at, effect.kind);
    if (effect.kind === "open") {
      pinholes ??= createPinholeRecords({ session: id, counts, log, warnings, running, bytesOf: source.counts });
      pinholes.requested(at, effect);
    } else if (effect.kind === "record") {
      if (effect.fact.kind === "ended") ended();
      recordFact(withoutSecrets(effect.fact, secrets.hide), at - startedAt, factDeps);
    }
  }

  function ended(): void {
    hasEnded = true;
    pinholes?.sessionEnded();
  }

  function trace({ event, effects }: Step): void {
    if (event !== undefined) log.trace(secrets.hide(formatEvent(event)));
    for (const line of effects.flatMap(formatEffect)) log.trace(secrets.hide(line));
  }

  return {
    step(event, effects) {
      waiting.push({ at: performance.now(), event, effects });
      if (waiting.length === 1) lateRecords.add(flush);
    },
    relayed: (seconds) => counts.relayLatencySeconds.observe(seconds),
    flush,
  };
}
