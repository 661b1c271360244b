// Ticket keys: what session tickets are sealed with (RFC 5077). They are the process's own, live as long as it, and change now and then;
// those before the last change still open tickets. As plain bytes they go to other threads.
import { randomBytes } from "node:crypto";
import type { SecureContext } from "node:tls";

/** 16 bytes each. */
export type TicketKey = { readonly name: Uint8Array; readonly hmac: Uint8Array; readonly aes: Uint8Array };

/** The first seals; all open. */
export type TicketKeys = readonly [TicketKey, ...TicketKey[]];

export function newTicketKey(): TicketKey {
  return { name: randomBytes(16), hmac: randomBytes(16), aes: randomBytes(16) };
}

const rotateMs = 12 * 3_600_000;
/** A ticket is good for a day at least. */
const kept = 3;

/** Returns the keys of now; `now` is monotonic, in milliseconds. */
export function createTicketRing(now: () => number): () => TicketKeys {
  let keys: TicketKeys = [newTicketKey()];
  let madeAt = now();
  return () => {
    if (now() - madeAt > rotateMs) {
      keys = [newTicketKey(), ...keys.slice(0, kept - 1)];
      madeAt = now();
    }
    return keys;
  };
}

/**
 * Whom tickets are given. `renew`: whoever has none, and whoever has used one: OpenSSL's clients use a ticket of TLS 1.3 once. `none`: nobody.
 * A client that ends an upload with a ticket unread sends a reset, and the end of the file is lost (seen with curl).
 */
export type TicketPolicy = "renew" | "none";

/** Node's, undocumented, and used by its own tests. */
type Native = {
  enableTicketKeyCallback?(): void;
  onticketkeycallback?(name: Uint8Array, iv: Uint8Array, isSealing: boolean): unknown[];
  setTicketKeys(keys: Uint8Array): void;
};
const [failed, accepted, acceptedAndRenewed] = [0, 1, 2];

/** Without the callback a context renews none, and has one key for good. */
export function useTicketKeys(context: SecureContext, keys: () => TicketKeys, policy: TicketPolicy): void {
  const native = context.context as Native;
  const [first] = keys();
  native.setTicketKeys(Buffer.concat([first.name, first.hmac, first.aes]));
  if (native.enableTicketKeyCallback === undefined) return;
  native.enableTicketKeyCallback();
  // All members always: without them the process would be aborted.
  native.onticketkeycallback = (name, iv, isSealing) => {
    const current = keys();
    const known = isSealing ? current[0] : current.find((key) => Buffer.compare(key.name, name) === 0);
    const { hmac, aes, name: own } = known ?? current[0];
    const members = [Buffer.from(hmac), Buffer.from(aes), Buffer.from(own), iv];
    if (known === undefined) return [failed, ...members];
    if (isSealing) return [policy === "none" ? failed : accepted, ...members];
    return [policy === "none" ? accepted : acceptedAndRenewed, ...members];
  };
}
