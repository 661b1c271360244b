// TLS records: where the TLS of a stream ends that nobody here can read. Only the headers are looked at (RFC 8446 5.1): type, version
// and length. Where a record could begin, the first byte tells a record from clear text, which is how CCC (RFC 4217 12.3) comes back.

/** One direction of a connection, followed over any chunks: `followRecords` changes it. */
export type RecordFollower = {
  /** Bytes of the current header so far, 0 to 4; 0 between records and inside one. */
  headerBytes: number;
  /** Bytes of the current record that are still to come; while its header is, what is known of that. */
  left: number;
  /** A whole header has been seen: clear text may follow its record. */
  hasBegun: boolean;
  /** A record of application data has begun: its sender has done with its part of the handshake, or all but the end of it. */
  hasData: boolean;
};

/**
 * What `followRecords` makes of bytes. `records`: all of them belong to TLS. `clear`: those before `end` do, and from there on it is
 * clear text. `not-tls`: at `end` stands neither a record nor what may follow one.
 */
export type Followed = { readonly kind: "records" | "clear" | "not-tls"; readonly end: number };

/** One for each direction, at its first byte of TLS. */
export function createRecordFollower(): RecordFollower {
  return { headerBytes: 0, left: 0, hasBegun: false, hasData: false };
}

/** Whether the direction stands between two records, where TLS may end. */
export function isBetweenRecords({ headerBytes, left, hasBegun }: RecordFollower): boolean {
  return hasBegun && headerBytes === 0 && left === 0;
}

/**
 * Follows the bytes of `memory` from `from` to before `to`. A direction begins with a handshake or, if the peer has given up, an
 * alert; anything else there is no TLS. After `clear` and `not-tls` the follower is of no use any more.
 */
export function followRecords(follower: RecordFollower, memory: Uint8Array, from: number, to: number): Followed {
  for (let at = from; at < to;) {
    if (follower.headerBytes === 0 && follower.left > 0) {
      const taken = Math.min(follower.left, to - at);
      follower.left -= taken;
      at += taken;
      continue;
    }
    const byte = memory[at] ?? 0;
    if (follower.headerBytes === 0 && follower.hasBegun && !isRecordType(byte)) return { kind: "clear", end: at };
    if (!takeHeaderByte(follower, byte)) return { kind: "not-tls", end: at };
    at += 1;
  }
  return { kind: "records", end: to };
}

/** Change cipher spec, alert, handshake, application data, heartbeat. No printable character, no CR, LF or Telnet command. */
function isRecordType(byte: number): boolean {
  return byte >= 0x14 && byte <= 0x18;
}

const alert = 0x15;
const handshake = 0x16;
const applicationData = 0x17;
/** Of SSL 3.0 and of every TLS. */
const majorVersion = 3;
/** SSL 3.0 is 3.0, TLS 1.2 and 1.3 write 3.3 (and 3.1 before they know each other). */
const highestMinorVersion = 4;
/** 2^14 of plain text, and what compression and encryption may add in TLS 1.2 (RFC 5246 6.2.3); TLS 1.3 adds less. */
const longestRecord = 2 ** 14 + 2048;

/** Whether the header may still be that of a record with this byte. */
function takeHeaderByte(follower: RecordFollower, byte: number): boolean {
  const place = follower.headerBytes;
  follower.headerBytes = place + 1;
  switch (place) {
    case 0:
      follower.hasData ||= byte === applicationData;
      return follower.hasBegun || byte === handshake || byte === alert;
    case 1:
      return byte === majorVersion;
    case 2:
      return byte <= highestMinorVersion;
    case 3:
      follower.left = byte * 256;
      return follower.left <= longestRecord;
    default:
      follower.left += byte;
      follower.headerBytes = 0;
      follower.hasBegun = true;
      return follower.left <= longestRecord;
  }
}
