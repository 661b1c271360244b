// Redis telling: one process says that it lives and what it has of sessions, and hears what others have at the servers of a pool. It tells its
// own numbers whole, so that one that was told twice, or not, is put right by the next.
import type { HeldCounts } from "./held-counts.ts";
import type { RedisKeys } from "./redis-keys.ts";
import { allSessions, goneScript, syncScript, type RedisScript } from "./redis-scripts.ts";

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
const mostKeys = 128;
/** Of a longer list of servers some are heard of in each second. */
const mostServers = 1024;

type Told = {
  /** By which this process was known before. */
  readonly former?: string | undefined;
  readonly servers?: readonly string[];
  readonly clients?: readonly string[];
};

export function createRedisTelling({ keys, held, instance, run, forgotten }: TellingDeps): RedisTelling {
  const heard = new Map<string, number>();

  /** How many sessions there are in all is told each time. */
  async function tell({ former, servers = [], clients = [] }: Told): Promise<void> {
    const me = instance();
    const parts = servers.flatMap((server) => [serverPart(server), held.serverSessions(server)]);
    const answer = await run(
      syncScript,
      [keys.living, keys.totals, keys.parts + me, ...clients.map((client) => keys.of("client", client))],
      [
        ...[me, former ?? "", leaseMs, keptMs, keys.parts, servers.length + 1, allSessions, held.sessions()],
        ...[...parts, ...clients.map(held.sessionsOf)],
      ],
    );
    const [isKnown, , ...elsewhere] = numbers(answer);
    servers.forEach((server, at) => heard.set(server, elsewhere[at] ?? 0));
    if (isKnown === 0 && former === undefined) forgotten();
  }

  async function tellServers(all: readonly string[]): Promise<void> {
    for (const servers of chunks(all)) await tell({ servers });
  }

  async function tellClients(all: readonly string[]): Promise<void> {
    for (const clients of chunks(all)) await tell({ clients });
  }

  return {
    touch: (former) => tell({ former }),
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
      await tellServers(held.nextServers(mostServers));
    },
    async gone() {
      await run(goneScript, [keys.living, keys.totals], [instance(), keys.parts]);
    },
    elsewhere: (server) => heard.get(server) ?? 0,
    forget: () => heard.clear(),
  };
}

/** What a script gives; nothing if there is no answer. */
export function numbers(answer: unknown): readonly number[] {
  return Array.isArray(answer) ? answer.map(Number) : [];
}

function chunks<T>(list: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(list.length / mostKeys);
  return Array.from({ length: count }, (_, at) => list.slice(at * mostKeys, (at + 1) * mostKeys));
}

function serverPart(server: string): string {
  return `server:${server}`;
}
