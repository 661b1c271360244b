// Redis telling: one process says that it lives and what it has of sessions, and hears what others have at the servers of a pool. It tells its
// own numbers whole, so that one that was told twice, or not, is put right by the next.
import type { HeldCounts } from "./held-counts.ts";
import type { RedisKeys } from "./redis-keys.ts";
import { goneScript, syncScript, type RedisScript } from "./redis-scripts.ts";

export type Run = (
  script: RedisScript,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>;

export type TellingDeps = {
  readonly keys: RedisKeys;
  readonly held: HeldCounts;
  /** By which this process is known among the living; another one each time that all is told anew. */
  readonly instance: () => string;
  /** Rejects with an Error. */
  readonly run: Run;
  /** The server does not know of this process: it was told nothing, has lost it, or has given it up. */
  readonly forgotten: () => void;
};

/** All reject with an Error. */
export type RedisTelling = {
  /** Says that this process lives. `former`: by which it was known before; then it is no news that it is not known. */
  touch(former?: string): Promise<void>;
  /** Tells everything anew. */
  tellAll(): Promise<void>;
  /** Tells what has changed. */
  flush(): Promise<void>;
  /** Tells a part of what has not, lest it expire, and hears of the servers. */
  refresh(): Promise<void>;
  /** This process is counted no more. */
  gone(): Promise<void>;
  /** Sessions of the others at a server of a pool, as they were heard of last. */
  elsewhere(server: string): number;
  /** What was heard holds no longer. */
  forget(): void;
};

/** A process that says nothing for so long is dead. It says something every second. */
const leaseMs = 10_000;
/** A count that is not told again expires. Everything is told again within a third of it. */
export const keptMs = 15 * 60_000;
const refreshes = keptMs / 3 / 1000;
/** The server does nothing else meanwhile: about a millisecond. */
const mostKeys = 256;

type Count = { readonly name: string; readonly sessions: number };

export function createRedisTelling({ keys, held, instance, run, forgotten }: TellingDeps): RedisTelling {
  const heard = new Map<string, number>();

  /** `summed`: those of which the sum of the others is asked. Resolves to these sums. */
  async function sync(summed: readonly Count[], others: readonly Count[], former?: string): Promise<readonly number[]> {
    const counts = [...summed, ...others];
    const args = [instance(), former ?? "", leaseMs, keptMs, summed.length, ...counts.map(({ sessions }) => sessions)];
    const [isKnown, ...sums] = numbers(await run(syncScript, [keys.living, ...counts.map(({ name }) => name)], args));
    if (isKnown === 0 && former === undefined) forgotten();
    return sums;
  }

  async function tellServers(servers: readonly string[]): Promise<void> {
    for (const some of chunks(servers)) {
      const counts = some.map((server) => ({ name: keys.of("server", server), sessions: held.serverSessions(server) }));
      const sums = await sync(counts, []);
      some.forEach((server, at) => heard.set(server, sums[at] ?? 0));
    }
  }

  /** And how many sessions there are in all, which changes with them. */
  async function tellClients(clients: readonly string[]): Promise<void> {
    const all = (): Count => ({ name: keys.sessions, sessions: held.sessions() });
    const count = (client: string): Count => ({ name: keys.of("client", client), sessions: held.sessionsOf(client) });
    for (const some of chunks(clients)) await sync([], [all(), ...some.map(count)]);
  }

  return {
    async touch(former) {
      await sync([], [], former);
    },
    async tellAll() {
      held.takeServers();
      await tellClients(held.takeAll());
      await tellServers(held.servers());
    },
    async flush() {
      await tellClients(held.takeOutdated());
      await tellServers(held.takeServers());
    },
    async refresh() {
      await tellClients(held.nextClients(1 + Math.ceil(held.sessions() / refreshes)));
      await tellServers(held.servers());
    },
    async gone() {
      await run(goneScript, [keys.living], [instance()]);
    },
    elsewhere: (server) => heard.get(server) ?? 0,
    forget: () => heard.clear(),
  };
}

/** What a script gives; nothing if there is no answer. */
export function numbers(answer: unknown): readonly number[] {
  return Array.isArray(answer) ? answer.map(Number) : [];
}

/** At least one, if only an empty one. */
function chunks<T>(list: readonly T[]): readonly (readonly T[])[] {
  const count = Math.max(1, Math.ceil(list.length / mostKeys));
  return Array.from({ length: count }, (_, at) => list.slice(at * mostKeys, (at + 1) * mostKeys));
}
