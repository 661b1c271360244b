// What operators are told of one session: later, when its peers have been served, but of its end at once.
import type { Secrets } from "../../ftp/secrets.ts";
import type { SessionTelemetry } from "../../observe/telemetry.ts";
import type { Fact } from "../../session/facts.ts";

export type SessionRecords = {
  add(fact: Fact): void;
  /** Makes the records now. */
  make(): void;
};

/** `failed`: a record could not be made; those behind it are dropped. */
export function createSessionRecords(
  telemetry: Pick<SessionTelemetry, "record" | "later">,
  secrets: Secrets,
  failed: (error: unknown) => void,
): SessionRecords {
  let waiting: Fact[] = [];

  function make(): void {
    const facts = waiting;
    waiting = [];
    try {
      for (const fact of facts) telemetry.record(fact);
    } catch (error) {
      failed(error);
    }
  }

  return {
    add(fact) {
      // Now: only the last few secrets are remembered.
      waiting.push(withoutSecrets(fact, secrets));
      if (waiting.length === 1) telemetry.later(make);
    },
    make,
  };
}

/** Facts quote what peers say in their details alone. */
function withoutSecrets(fact: Fact, { hide }: Secrets): Fact {
  return "detail" in fact && fact.detail !== undefined ? { ...fact, detail: hide(fact.detail) } : fact;
}
