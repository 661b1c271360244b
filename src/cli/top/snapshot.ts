// Snapshot: what a gateway said when it was asked, and what two of them tell together: rates.
import type { SessionAnswer, StatusAnswer } from "../../observe/api/schemas.ts";

export type Snapshot = {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly status: StatusAnswer;
  /** Those that run, and the last that failed; newest first. */
  readonly live: readonly SessionAnswer[];
  readonly failed: readonly SessionAnswer[];
};

/** In a second. */
export type Rates = { readonly bytesUp: number; readonly bytesDown: number; readonly sessions: number };

const noRates: Rates = { bytesUp: 0, bytesDown: 0, sessions: 0 };

/** Between two snapshots; a gateway that was started anew has none. */
export function ratesOf(before: Snapshot | undefined, now: Snapshot): Rates {
  if (before === undefined || before.status.startedAt !== now.status.startedAt) return noRates;
  const seconds = (now.at - before.at) / 1000;
  if (seconds <= 0) return noRates;
  const [from, to] = [totalsOf(before.status), totalsOf(now.status)];
  const rate = (key: keyof Rates): number => Math.max(0, (to[key] - from[key]) / seconds);
  return { bytesUp: rate("bytesUp"), bytesDown: rate("bytesDown"), sessions: rate("sessions") };
}

/** Since the process started; `sessions`: that have begun. */
export function totalsOf({ gateways }: StatusAnswer): Rates & { readonly failures: number; readonly refusals: number } {
  const sum = (of: (gateway: StatusAnswer["gateways"][number]) => number): number =>
    gateways.reduce((total, gateway) => total + of(gateway), 0);
  return {
    bytesUp: sum(({ totals }) => totals.bytesUp),
    bytesDown: sum(({ totals }) => totals.bytesDown),
    sessions: sum(({ sessions, totals }) => sessions + sumOf(totals.sessions)),
    failures: sum(failuresOf),
    refusals: sum(refusalsOf),
  };
}

type Gateway = StatusAnswer["gateways"][number];

export function failuresOf({ totals }: Gateway): number {
  return totals.failures.reduce((total, { count }) => total + count, 0);
}

export function refusalsOf({ totals }: Gateway): number {
  return sumOf(totals.refusals);
}

function sumOf(counts: Readonly<Partial<Record<string, number>>>): number {
  return Object.values(counts).reduce<number>((total, count) => total + (count ?? 0), 0);
}
