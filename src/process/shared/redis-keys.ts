// Redis keys: how what is counted of a gateway is called. All of it lies in one slot of a cluster, so that one script may touch it.

export type RedisKeys = {
  /** Instance → until when. */
  readonly living: string;
  /** Name of what is counted → sessions of all instances. */
  readonly totals: string;
  /** Before an instance: name → its own part of these. */
  readonly parts: string;
  /** Of one client. */
  of(kind: "client" | "ban" | "second" | "burst" | "failures" | "bans", client: string): string;
};

/** A client's name stands last, and no character of it means anything. Neither `prefix` nor the gateway's name has braces. */
export function redisKeys(prefix: string, gateway: string): RedisKeys {
  const base = `${prefix}:{${gateway}}`;
  return {
    living: `${base}:living`,
    totals: `${base}:totals`,
    parts: `${base}:part:`,
    of: (kind, client) => `${base}:${kind}:${client}`,
  };
}
