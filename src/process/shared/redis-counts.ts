// Redis counts: shared counts of the gateway of one name, asked of Redis or Valkey.
import type { SharedCounts, SharedVerdict } from "../../gateway/entrance/shared-counts.ts";
import { burstSeconds } from "../../gateway/entrance/client-rates.ts";
import { createHeldCounts } from "./held-counts.ts";
import { redisKeys } from "./redis-keys.ts";
import { admitScript, failureScript } from "./redis-scripts.ts";
import { createRedisTelling, keptMs, numbers, type RedisTelling, type Run, type TellingDeps } from "./redis-telling.ts";

export type RedisCountsDeps = Pick<TellingDeps, "instance" | "run" | "forgotten"> & {
  /** Before the name of the gateway in every key. */
  readonly prefix: string;
  readonly gateway: string;
  /** What a client waits for: undefined if nobody answers in time. Never rejects. */
  readonly ask: Run;
  /** The others are told what changes. */
  readonly isHeard: () => boolean;
  /** Something has to be told; `flush` tells it. */
  readonly changed: () => void;
};

export type RedisCounts = SharedCounts & Omit<RedisTelling, "elsewhere">;

const verdicts: readonly SharedVerdict[] = [
  { kind: "admitted" },
  { kind: "banned", ms: 0 },
  { kind: "refused", reason: "too-many-connects" },
  { kind: "refused", reason: "too-many-sessions" },
  { kind: "refused", reason: "too-many-sessions-per-client" },
];

export function createRedisCounts(deps: RedisCountsDeps): RedisCounts {
  const { ask, instance, isHeard, changed, forgotten } = deps;
  const keys = redisKeys(deps.prefix, deps.gateway);
  const held = createHeldCounts();
  const telling = createRedisTelling({ ...deps, keys, held });

  function outdated(client: string): void {
    if (!isHeard()) return;
    held.outdated(client);
    changed();
  }

  return {
    ...telling,
    async admit(client, { sessions, sessionsPerClient, connectsPerSecond: { rate, burst } }) {
      held.add(client);
      const of = (["client", "ban", "second", "burst"] as const).map((kind) => keys.of(kind, client));
      const me = instance();
      const own = [me, held.sessions(), held.sessionsOf(client)];
      const limits = [sessions, sessionsPerClient, rate, burst, burstSeconds * 1000, keptMs];
      const answer = await ask(admitScript, [keys.living, keys.totals, keys.parts + me, ...of], [...own, ...limits]);
      const [code = -1, ms = 0, isKnown] = numbers(answer);
      if (isKnown === 0) forgotten();
      const verdict: SharedVerdict = verdicts[code] ?? { kind: "unknown" };
      const isRefused = verdict.kind === "banned" || verdict.kind === "refused";
      if (isRefused) held.remove(client);
      // Whoever else of the client was asked about meanwhile was counted with it.
      if (verdict.kind === "unknown" || (isRefused && held.sessionsOf(client) > 0)) outdated(client);
      return verdict.kind === "banned" ? { ...verdict, ms } : verdict;
    },
    left(client) {
      held.remove(client);
      outdated(client);
    },
    async loginFailed(client, { most, withinMs, banMs, banMostMs }) {
      const of = (["ban", "failures", "bans"] as const).map((kind) => keys.of(kind, client));
      const answer = await ask(failureScript, of, [most, withinMs, banMs, banMostMs]);
      return Math.max(0, Number(answer) || 0);
    },
    setServerSessions(server, sessions) {
      held.setServer(server, sessions);
      if (isHeard()) changed();
    },
    serverSessionsElsewhere(server) {
      if (held.want(server) && isHeard()) changed();
      return telling.elsewhere(server);
    },
  };
}
