// Name memory: what name servers have answered, for a short while. Bounded: the oldest is forgotten first.

export type NameAnswer = { readonly addresses: readonly string[] } | { readonly failure: string };

export type NameMemory = {
  /** For so many seconds, but no fewer than 5 and no more than 60. */
  keep(name: string, answer: NameAnswer, seconds: number): void;
  recall(name: string): NameAnswer | undefined;
};

const leastSeconds = 5;
const mostSeconds = 60;

/** `now` in milliseconds. */
export function createNameMemory(options: { readonly maxNames: number; readonly now: () => number }): NameMemory {
  const entries = new Map<string, { readonly answer: NameAnswer; readonly until: number }>();
  return {
    keep(name, answer, seconds) {
      entries.delete(name);
      const until = options.now() + Math.min(Math.max(seconds, leastSeconds), mostSeconds) * 1000;
      entries.set(name, { answer, until });
      const [oldest] = entries.keys();
      if (entries.size > options.maxNames && oldest !== undefined) entries.delete(oldest);
    },
    recall(name) {
      const entry = entries.get(name);
      if (entry === undefined || entry.until > options.now()) return entry?.answer;
      entries.delete(name);
      return undefined;
    },
  };
}
