// Session store: the TLS sessions of one control connection that may be resumed by their id. Clients that take no tickets in TLS 1.2
// (curl before 8) have nothing else. Bounded; what it holds is plain bytes.
import { EventEmitter } from "node:events";

export type SessionEntry = { readonly id: Uint8Array; readonly data: Uint8Array };

export type SessionStore = {
  /** What Node's TLS asks and tells, in place of a server. */
  readonly emitter: EventEmitter;
  /** The newest last. */
  entries(): readonly SessionEntry[];
  add(entry: SessionEntry): void;
};

/** A control connection makes one; a client whose data connections resume nothing makes one for each. */
const most = 4;

/** INTEGER 1, INTEGER 0x0304: what OpenSSL's form of a session of TLS 1.3 begins with, behind the head of a SEQUENCE. */
const tls13 = Buffer.from([2, 1, 1, 2, 2, 3, 4]);
const longestHead = 5;

/** They are resumed by tickets alone, and each handshake makes two. */
function isOfTls13(data: Buffer): boolean {
  return data.subarray(0, longestHead + tls13.length).includes(tls13);
}

/** `added`: a handshake has made a new one. */
export function createSessionStore(
  known: readonly SessionEntry[] = [],
  added?: (entry: SessionEntry) => void,
): SessionStore {
  const entries = [...known];
  const emitter = new EventEmitter();
  const add = (entry: SessionEntry): void => {
    entries.push(entry);
    if (entries.length > most) entries.shift();
  };
  emitter.on("newSession", (id: Buffer, data: Buffer, done: () => void) => {
    if (isOfTls13(data)) return done();
    const entry = { id: Buffer.from(id), data: Buffer.from(data) };
    add(entry);
    added?.(entry);
    done();
  });
  emitter.on("resumeSession", (id: Buffer, done: (error: Error | null, data: Buffer | null) => void) => {
    const found = entries.find((entry) => Buffer.compare(entry.id, id) === 0);
    done(null, found === undefined ? null : Buffer.from(found.data));
  });
  return { emitter, entries: () => entries, add };
}
