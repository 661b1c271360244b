// Keeps the transcript of each session, beside whatever else the telemetry does, and hands it out when the session has
// ended.
import type { GatewayTelemetry } from "../observe/telemetry.ts";

export type TraceCollector = {
  /** To be given to the gateway in place of the one it wraps. */
  readonly telemetry: GatewayTelemetry;
  /** To be given to the gateway as its `trace`. */
  readonly trace: (session: string, line: string) => void;
  /** The transcript of the next session that ends, oldest first; rejects after `withinMs`. */
  nextSession(withinMs: number): Promise<readonly string[]>;
  /** From now on `show` gets each of them, and `nextSession` none. */
  onSession(show: (transcript: readonly string[]) => void): void;
};

/** Somebody's session of a whole day is not kept: what comes later is left out. */
const maxLines = 1000;
const maxWaitingSessions = 100;

export function collectTraces(inner: GatewayTelemetry): TraceCollector {
  const transcripts = new Map<string, string[]>();
  const ended: (readonly string[])[] = [];
  let waiting: ((transcript: readonly string[]) => void) | undefined;
  let show: ((transcript: readonly string[]) => void) | undefined;

  function sessionEnded(id: string): void {
    const transcript = transcripts.get(id) ?? [];
    transcripts.delete(id);
    if (show) return show(transcript);
    if (waiting) return waiting(transcript);
    ended.push(transcript);
    if (ended.length > maxWaitingSessions) ended.shift();
  }

  return {
    telemetry: {
      ...inner,
      sessionStarted(id, client, listener) {
        const session = inner.sessionStarted(id, client, listener);
        transcripts.set(id, []);
        return {
          ...session,
          record(fact) {
            session.record(fact);
            // The last lines of the transcript are traced in the same turn, after this.
            if (fact.kind === "ended") setImmediate(() => sessionEnded(id));
          },
        };
      },
    },
    trace(session, line) {
      const transcript = transcripts.get(session);
      if (transcript && transcript.length < maxLines) transcript.push(line);
    },
    nextSession: (withinMs) =>
      new Promise((resolve, reject) => {
        const transcript = ended.shift();
        if (transcript) return resolve(transcript);
        const timer = setTimeout(() => {
          waiting = undefined;
          reject(new Error(`the session did not end within ${withinMs} ms`));
        }, withinMs);
        waiting = (next) => {
          waiting = undefined;
          clearTimeout(timer);
          resolve(next);
        };
      }),
    onSession(listener) {
      show = listener;
      for (const transcript of ended.splice(0)) listener(transcript);
    },
  };
}
