// Redis link: a connection to Redis or Valkey that is made again when it is lost, and given up by whoever finds it no good.
import { errorMessage } from "../error-message.ts";
import type { RedisScript } from "./redis-scripts.ts";

export type RedisLink = {
  /** Rejects with an Error: not connected, connection lost, or what the server says against it. */
  run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  isConnected(): boolean;
  /** This connection is no good; there is another one later. */
  giveUp(): void;
  /** It was good: the next one, should it be lost, is made soon. */
  isGood(): void;
  close(): void;
};

export type RedisLinkEvents = {
  /** Connected and, where the URL says so, authenticated. */
  connected(): void;
  /** No connection, or none any more, with the reason. Not after `giveUp` or `close`. */
  lost(reason: string): void;
};

/** Of the library, what is used here. */
type Client = {
  connect(): Promise<unknown>;
  ping(): Promise<unknown>;
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  eval(text: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  on(event: "error", listener: (error: unknown) => void): unknown;
  destroy(): void;
};

const connectMs = 5000;
const firstPauseMs = 250;
const longestPauseMs = 10_000;

/** The library is loaded only where it is asked for. */
async function createClient(url: string): Promise<Client> {
  const library = await import("@redis/client");
  return library.createClient({
    url,
    // The oldest protocol is understood by every version, and all that is needed.
    RESP: 2,
    disableClientInfo: true,
    disableOfflineQueue: true,
    socket: { connectTimeout: connectMs, reconnectStrategy: false },
  });
}

export function createRedisLink(url: string, events: RedisLinkEvents): RedisLink {
  let client: Client | undefined;
  let isConnected = false;
  let isClosed = false;
  let pauseMs = firstPauseMs;
  let timer: NodeJS.Timeout | undefined;

  async function open(): Promise<void> {
    const mine = await createClient(url);
    if (isClosed) return;
    client = mine;
    mine.on("error", (error) => lose(mine, reasonOf(error)));
    // A server that is frozen takes the connection, and says nothing.
    timer = setTimeout(() => lose(mine, `no answer within ${connectMs} ms`), connectMs);
    try {
      await mine.connect();
      // A server that wants a password says so to what is short, and to a longer command that this is no protocol.
      await mine.ping();
      if (client !== mine) return;
      clearTimeout(timer);
      isConnected = true;
      events.connected();
    } catch (error) {
      lose(mine, reasonOf(error));
    }
  }

  /** The first reason counts. */
  function lose(mine: Client, reason: string): void {
    if (client !== mine) return;
    drop();
    events.lost(reason);
  }

  function drop(): void {
    clearTimeout(timer);
    const mine = client;
    client = undefined;
    isConnected = false;
    mine?.destroy();
    if (isClosed) return;
    // Gateways that have lost it together do not come back together.
    timer = setTimeout(() => void open(), pauseMs * (0.5 + Math.random() / 2));
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  }

  void open();
  return {
    async run({ text, sha }, keys, args) {
      if (client === undefined || !isConnected) throw new Error("not connected");
      const options = { keys: [...keys], arguments: [...args] };
      const mine = client;
      return mine.evalSha(sha, options).catch((error: unknown) => {
        if (!errorMessage(error).startsWith("NOSCRIPT")) throw error;
        return mine.eval(text, options);
      });
    },
    isConnected: () => isConnected,
    giveUp() {
      if (client !== undefined) drop();
    },
    isGood: () => void (pauseMs = firstPauseMs),
    close() {
      isClosed = true;
      drop();
    },
  };
}

/** An error about several addresses has no words of its own. */
function reasonOf(error: unknown): string {
  return errorMessage(error instanceof AggregateError ? error.errors[0] : error);
}
