// Keeps the transcript of each session beside whatever else the telemetry does with it, and hands it out when the session
// has ended.
import type { GatewayTelemetry, Telemetry } from "../../observe/telemetry.ts";

export type TraceCollector = {
  /** To be given to the gateway in place of the one it wraps. */
  readonly telemetry: Telemetry;
  /** The transcript of the next session that ends, oldest first; rejects after `withinMs`. */
  nextSession(withinMs: number): Promise<readonly string[]>;
  /** From now on `show` gets each of them, and `nextSession` none. */
  onSession(show: (transcript: readonly string[]) => void): void;
};

/** Somebody's session of a whole day is not kept: what comes later is left out. */
const maxLines = 1000;
const maxWaitingSessions = 100;

export function collectTraces(inner: Telemetry): TraceCollector {
  const ended: (readonly string[])[] = [];
  let waiting: ((transcript: readonly string[]) => void) | undefined;
  let show: ((transcript: readonly string[]) => void) | undefined;

  function sessionEnded(transcript: readonly string[]): void {
    if (show) return show(transcript);
    if (waiting) return waiting(transcript);
    ended.push(transcript);
    if (ended.length > maxWaitingSessions) ended.shift();
  }

  function wrap(gateway: GatewayTelemetry): GatewayTelemetry {
    return {
      ...gateway,
      sessionStarted(id, client, listener) {
        const session = gateway.sessionStarted(id, client, listener);
        const transcript: string[] = [];
        return {
          ...session,
          record(fact) {
            session.record(fact);
            // The transcript's last lines are traced in the same turn as the end is recorded, some of them after it.
            if (fact.kind === "ended") setImmediate(() => sessionEnded(transcript));
          },
          trace(line) {
            session.trace(line);
            if (transcript.length < maxLines) transcript.push(line);
          },
        };
      },
    };
  }

  return {
    telemetry: { ...inner, gateway: (name) => wrap(inner.gateway(name)) },
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
