// Weighted hash: for each key the order in which servers are its own (weighted rendezvous hashing). A server that goes, or comes back, moves
// its own keys alone.

/** `id`: what a server is known by; `weight`: above 0, its share of all keys. */
export function hashed<T extends { readonly id: string }>(
  servers: readonly T[],
  key: string,
  weight: (server: T) => number,
): readonly T[] {
  const scored = servers.map((server) => ({
    server,
    score: -weight(server) / Math.log(fraction(`${server.id} ${key}`)),
  }));
  return scored.toSorted((one, other) => other.score - one.score).map(({ server }) => server);
}

/** Between 0 and 1, both excluded, the same for the same text: FNV-1a, its bits mixed once more (MurmurHash3's finish). */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 1) / (2 ** 32 + 2);
}
