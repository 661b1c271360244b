// Redis store: what the gateways of this process count together with those of others, kept in Redis or Valkey. While that is away, slow or
// says no, nobody is asked and nobody waits: each process goes on with its own counts, and tells them when it is back.
import { randomBytes } from "node:crypto";
import type { SharedCounts } from "../../gateway/entrance/shared-counts.ts";
import { errorMessage } from "../error-message.ts";
import { inTime } from "./in-time.ts";
import { createRedisCounts, type RedisCounts } from "./redis-counts.ts";
import { createRedisLink, type RedisLink } from "./redis-link.ts";
import type { RedisScript } from "./redis-scripts.ts";
import { withoutPassword } from "./redis-url.ts";

export type RedisStoreOptions = {
  /** `redis://[user[:password]@]host[:port][/db]`, or `rediss://` for TLS. */
  readonly url: string;
  readonly prefix: string;
  /** So long a client is kept waiting at most. */
  readonly timeoutMs: number;
};

/** `reason`: why it is away, without the password. */
export type SharedState = { readonly isUp: true } | { readonly isUp: false; readonly reason: string };

export type SharedStore = {
  countsOf(gateway: string): SharedCounts;
  state(): SharedState;
  /** This process is counted no more. Takes no longer than a client waits. */
  stop(): Promise<void>;
};

/** Who is told what has changed waits so long for more of it. */
const gatherMs = 20;
const beatMs = 1000;
/** Without an answer for so long the connection is no good. */
const patienceMs = 5000;

type Store = {
  readonly options: RedisStoreOptions;
  readonly report: (state: SharedState) => void;
  readonly link: RedisLink;
  readonly gateways: Map<string, RedisCounts>;
  state: SharedState;
  /** By which this process is known to the others. */
  instance: string;
  /** Everything is being told, and after that it is up. */
  isTelling: boolean;
  isBeating: boolean;
  isStopped: boolean;
  gathering: NodeJS.Timeout | undefined;
};

export function createRedisStore(options: RedisStoreOptions, report: (state: SharedState) => void): SharedStore {
  const link = createRedisLink(options.url, {
    connected: () => void comeBack(store),
    lost: (reason) => goAway(store, reason),
  });
  const store: Store = {
    ...{ options, report, link, gateways: new Map() },
    ...{ state: { isUp: false, reason: "not connected yet" }, instance: newInstance() },
    ...{ isTelling: false, isBeating: false, isStopped: false, gathering: undefined },
  };
  const beating = setInterval(() => void beat(store), beatMs);
  return {
    countsOf: (gateway) => store.gateways.get(gateway) ?? addGateway(store, gateway),
    state: () => store.state,
    async stop() {
      clearInterval(beating);
      clearTimeout(store.gathering);
      store.isStopped = true;
      await inTime(
        eachGateway(store, (counts) => counts.gone()).catch(() => {}),
        options.timeoutMs,
        () => {},
      );
      link.close();
    },
  };
}

function addGateway(store: Store, gateway: string): SharedCounts {
  const counts = createRedisCounts({
    ...{ prefix: store.options.prefix, gateway },
    instance: () => store.instance,
    run: (...asked) => run(store, asked),
    ask: (...asked) => ask(store, asked),
    isHeard: () => store.state.isUp || store.isTelling,
    changed: () => gather(store),
    forgotten: () => void comeBack(store),
  });
  store.gateways.set(gateway, counts);
  if (store.state.isUp) counts.touch().catch((error: unknown) => fail(store, error));
  return counts;
}

type Asked = readonly [script: RedisScript, keys: readonly string[], args: readonly (string | number)[]];

/** What nobody waits for. */
async function run({ link }: Store, [script, keys, args]: Asked): Promise<unknown> {
  let isLate = false;
  const answer = await inTime(link.run(script, keys, args.map(String)), patienceMs, () => (isLate = true));
  if (isLate) throw new Error(`no answer within ${patienceMs} ms`);
  return answer;
}

/** What a client waits for. */
async function ask(store: Store, [script, keys, args]: Asked): Promise<unknown> {
  if (!store.state.isUp || store.isStopped) return undefined;
  const answered = store.link.run(script, keys, args.map(String));
  return inTime(answered, store.options.timeoutMs, () => noAnswer(store)).catch((error: unknown) => fail(store, error));
}

async function eachGateway({ gateways }: Store, what: (counts: RedisCounts) => Promise<void>): Promise<void> {
  await Promise.all([...gateways.values()].map(what));
}

function noAnswer(store: Store): void {
  goAway(store, `no answer within ${store.options.timeoutMs} ms`);
}

function goAway(store: Store, reason: string): void {
  if (store.isStopped) return;
  const before = store.state;
  const state: SharedState = { isUp: false, reason: withoutPassword(reason, store.options.url) };
  store.state = state;
  store.isTelling = false;
  for (const counts of store.gateways.values()) counts.forget();
  if (before.isUp || before.reason !== state.reason) store.report(state);
}

/** An error, and no good answer any more on that connection. One that is lost has told why. */
function fail(store: Store, error: unknown): void {
  if (store.isStopped || !store.link.isConnected()) return;
  goAway(store, errorMessage(error));
  store.link.giveUp();
}

/** Under another name: what was told under the last one may be old. */
async function comeBack(store: Store): Promise<void> {
  if (store.isTelling || store.isStopped) return;
  store.isTelling = true;
  const former = store.instance;
  const instance = newInstance();
  store.instance = instance;
  const isOver = (): boolean => !store.isTelling || store.instance !== instance;
  try {
    await eachGateway(store, async (counts) => {
      await counts.touch(former);
      await counts.tellAll();
    });
  } catch (error) {
    return isOver() ? undefined : fail(store, error);
  }
  if (isOver()) return;
  store.isTelling = false;
  store.link.isGood();
  const wasUp = store.state.isUp;
  store.state = { isUp: true };
  if (!wasUp) store.report(store.state);
  gather(store);
}

function gather(store: Store): void {
  store.gathering ??= setTimeout(() => {
    store.gathering = undefined;
    void tell(store, (counts) => counts.flush());
  }, gatherMs);
}

async function tell(store: Store, what: (counts: RedisCounts) => Promise<void>): Promise<void> {
  if (!store.state.isUp || store.isTelling || store.isStopped) return;
  await eachGateway(store, what).catch((error: unknown) => fail(store, error));
}

/** Says that this process lives, and finds out whether the server does, and how fast it answers. */
async function beat(store: Store): Promise<void> {
  if (store.isBeating || store.isTelling || !store.link.isConnected()) return;
  store.isBeating = true;
  const touched = eachGateway(store, (counts) => counts.touch());
  let isLate = false;
  try {
    await inTime(touched, store.options.timeoutMs, () => {
      isLate = true;
      if (store.state.isUp) noAnswer(store);
    });
    await touched;
    if (store.state.isUp) await tell(store, (counts) => counts.refresh());
    else if (!isLate) await comeBack(store);
  } catch (error) {
    fail(store, error);
  } finally {
    store.isBeating = false;
  }
}

function newInstance(): string {
  return randomBytes(8).toString("hex");
}
