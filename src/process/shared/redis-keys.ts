// Redis keys: how what is counted of a gateway is called. All of it lies in one slot of a cluster, so that one script may touch it.

/** `living`: instance → until when, `sessions`: instance → sessions of all clients. The rest is of one client, or one server of a pool. */
export type RedisKeys = {
  readonly living: string;
  readonly sessions: string;
  of(kind: "client" | "server" | "ban" | "second" | "burst" | "failures" | "bans", name: string): string;
};

/** `name` stands last, and no character of it means anything. Neither `prefix` nor the gateway's name has braces. */
export function redisKeys(prefix: string, gateway: string): RedisKeys {
  const base = `${prefix}:{${gateway}}`;
  return {
    living: `${base}:living`,
    sessions: `${base}:sessions`,
    of: (kind, name) => `${base}:${kind}:${name}`,
  };
}
