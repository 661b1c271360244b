// Bounded limiter: how often something has happened for each of many keys, by rate-limiter-flexible in memory. It keeps only as
// many keys as it is told, those that were used last; the library by itself keeps one for everybody who comes.
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

/** So many of `points` in so many seconds of `duration`; an operator's change holds at once, and what was counted stays. */
export type LimiterRule = { readonly points: number; readonly duration: number };

export type Consumed = { readonly isOver: boolean; readonly count: number; readonly msBeforeNext: number };

export type BoundedLimiter = {
  setRule(rule: LimiterRule): void;
  /** Counts so many more. Never rejects. */
  consume(key: string, points?: number): Promise<Consumed>;
  /** What was counted is kept for the whole duration from now on. */
  renew(key: string, count: number): Promise<void>;
  /** As if there had been too many, for so long. */
  block(key: string, seconds: number): Promise<void>;
  isOver(key: string): Promise<boolean>;
  /** Milliseconds for which it is over its points; 0: it is not. */
  overFor(key: string): Promise<number>;
  /** Keys over their points at this moment. */
  countOver(): number;
};

/** So many clients are remembered; an entry takes some 400 bytes. */
const defaultMaxKeys = 16_384;

export function createBoundedLimiter(rule: LimiterRule, maxKeys = defaultMaxKeys): BoundedLimiter {
  const limiter = new RateLimiterMemory({ ...rule, keyPrefix: "" });
  /** In the order of their last use. */
  const keys = new Set<string>();
  let last: string | undefined;

  function use(key: string): void {
    if (key === last) return;
    last = key;
    keys.delete(key);
    keys.add(key);
    if (keys.size <= maxKeys) return;
    const [oldest = ""] = keys;
    keys.delete(oldest);
    void limiter.delete(oldest);
  }

  return {
    setRule: ({ points, duration }) => void Object.assign(limiter, { points, duration }),
    async consume(key, points = 1) {
      use(key);
      const result = await limiter.consume(key, points).catch((over: unknown) => {
        if (over instanceof RateLimiterRes) return over;
        throw over;
      });
      const { consumedPoints: count } = result;
      // The library reckons with the wall clock, which may have been set.
      const msBeforeNext = Math.max(0, Math.min(result.msBeforeNext, limiter.duration * 1000));
      return { isOver: count > limiter.points, count, msBeforeNext };
    },
    async renew(key, count) {
      use(key);
      await limiter.set(key, count, limiter.duration);
    },
    async block(key, seconds) {
      use(key);
      await limiter.block(key, seconds);
    },
    async isOver(key) {
      const known = await limiter.get(key);
      return known !== null && known.consumedPoints > limiter.points;
    },
    async overFor(key) {
      const known = await limiter.get(key);
      return known !== null && known.consumedPoints > limiter.points ? Math.max(1, known.msBeforeNext) : 0;
    },
    countOver: () => limiter.dump().storage.filter(({ value }) => value > limiter.points).length,
  };
}
