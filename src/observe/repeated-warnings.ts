// Repeated warnings: a peer that goes on with what was refused must not write the log. The first of a kind in a session is a line,
// and all further ones together another, with their count, when the session has ended. Each of them is `debug`.
import type { Logger } from "./log.ts";

/** `reason` or `side` tells kinds of the same message apart; what else is told belongs to the first one alone. */
type Kind = { readonly reason: string } | { readonly side: string };

export type RepeatedWarnings = {
  warn(message: string, kind: Kind, details: Readonly<Record<string, string>>): void;
  /** A line for each kind that has come again since. */
  tellRepeated(): void;
};

export function createRepeatedWarnings(log: Logger): RepeatedWarnings {
  // Most sessions need none.
  let again: Map<string, { readonly message: string; readonly kind: Kind; count: number }> | undefined;
  return {
    warn(message, kind, details) {
      const key = `${message} ${"reason" in kind ? kind.reason : kind.side}`;
      again ??= new Map();
      const known = again.get(key);
      if (known === undefined) {
        again.set(key, { message, kind, count: 0 });
        log.warn({ ...kind, ...details }, message);
      } else {
        known.count += 1;
        log.debug({ ...kind, ...details }, message);
      }
    },
    tellRepeated() {
      if (again === undefined) return;
      for (const known of again.values()) {
        if (known.count > 0) log.warn({ message: known.message, ...known.kind, count: known.count }, "repeated");
        known.count = 0;
      }
    },
  };
}
