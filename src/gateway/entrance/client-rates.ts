// Client rates: how often a client may connect and say something, and how often fail to log in before it is banned. The counts
// outlast its connections.
import type { GatewayOptions } from "../options.ts";
import { createBoundedLimiter, type LimiterRule } from "./bounded-limiter.ts";

export type RateLimits = Pick<GatewayOptions["limits"], "connectsPerSecond" | "commandsPerSecond" | "loginFailures">;

export type ClientRates = {
  /** Other limits; what was counted stays counted. */
  setLimits(limits: RateLimits): void;
  /** Counts a connection of the client, and says what speaks against it. */
  connected(client: string): Promise<"banned" | "too-many-connects" | undefined>;
  /** Counts commands. Resolves to the milliseconds in which no more of them are to be read. */
  commandsRead(client: string, count: number): Promise<number>;
  /** Counts a login that the server has refused. Resolves to true if the client is banned, now or since before. */
  loginFailed(client: string): Promise<boolean>;
  /** Milliseconds for which the client is banned from now on; 0: it is not. */
  bannedFor(client: string): Promise<number>;
  /** Others have banned the client, for so long from now; no longer than a ban may be here. */
  ban(client: string, ms: number): Promise<void>;
  /** Clients that are banned at this moment. */
  countBans(): number;
};

/** Beyond the rate there is a burst, once in so many seconds. */
export const burstSeconds = 10;

export function createClientRates(limits: RateLimits): ClientRates {
  const connects = createBurstLimiter(limits.connectsPerSecond);
  const commands = createBurstLimiter(limits.commandsPerSecond);
  let { loginFailures: rule } = limits;
  const failures = createBoundedLimiter(failureRule(rule));
  /** How often each was banned; the points are of no interest. */
  const bans = createBoundedLimiter(banRule(rule));
  return {
    setLimits(next) {
      rule = next.loginFailures;
      connects.setRate(next.connectsPerSecond);
      commands.setRate(next.commandsPerSecond);
      failures.setRule(failureRule(rule));
      bans.setRule(banRule(rule));
    },
    async connected(client) {
      if (await failures.isOver(client)) return "banned";
      return (await connects.consume(client, 1)) > 0 ? "too-many-connects" : undefined;
    },
    commandsRead: commands.consume,
    async loginFailed(client) {
      // While it is banned more failures come in, of sessions that were there before.
      if (await failures.isOver(client)) return true;
      const { isOver, count } = await failures.consume(client);
      if (!isOver || count > rule.most) return isOver;
      const { count: times } = await bans.consume(client);
      await bans.renew(client, times);
      await failures.block(client, banMs(rule, times) / 1000);
      return true;
    },
    bannedFor: failures.overFor,
    ban: (client, ms) => failures.block(client, Math.min(ms, rule.banMostMs) / 1000),
    countBans: failures.countOver,
  };
}

/** The ban that follows the first of too many failures: twice as long each time. `times`: 1 for the first. */
export function banMs({ banMs: first, banMostMs }: RateLimits["loginFailures"], times: number): number {
  return Math.min(banMostMs, first * 2 ** Math.min(times - 1, 32));
}

function failureRule({ most, withinMs }: RateLimits["loginFailures"]): LimiterRule {
  return { points: most - 1, duration: withinMs / 1000 };
}

/** A client that keeps quiet for as long again as the longest ban begins anew. */
function banRule({ banMostMs }: RateLimits["loginFailures"]): LimiterRule {
  return { points: 0, duration: (2 * banMostMs) / 1000 };
}

type Rate = RateLimits["connectsPerSecond"];

function createBurstLimiter({ rate, burst }: Rate) {
  const steady = createBoundedLimiter({ points: rate, duration: 1 });
  const bursts = createBoundedLimiter({ points: burst, duration: burstSeconds });
  return {
    setRate(next: Rate): void {
      steady.setRule({ points: next.rate, duration: 1 });
      bursts.setRule({ points: next.burst, duration: burstSeconds });
    },
    /** The milliseconds until there may be more; 0: at once. */
    async consume(key: string, count: number): Promise<number> {
      const within = await steady.consume(key, count);
      if (!within.isOver) return 0;
      const beyond = await bursts.consume(key, count);
      return beyond.isOver ? Math.max(1, Math.min(within.msBeforeNext, beyond.msBeforeNext)) : 0;
    },
  };
}
