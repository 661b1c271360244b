// The framing of netlink: messages and their attributes, written into one buffer and read where they were received. Headers
// are in the machine's byte order, which is taken to be little-endian; nothing here knows a socket. It is all done several
// times for each transfer, so a place in the bytes is a number, and nothing is built of what is only looked at.

export const headerBytes = 16;
export const attributeBytes = 4;
const nested = 0x8000;
/** Without the flags for nesting and byte order. */
const attributeType = 0x3fff;

export const flags = {
  request: 1,
  acknowledge: 4,
  dump: 0x300,
  /** With a deletion: only of what is empty. */
  notRecursive: 0x100,
  exclusive: 0x200,
  create: 0x400,
} as const;

export const messageTypes = { error: 2, done: 3 } as const;

/** Where the fields of a message stand behind its beginning. Its length is first. */
export const fieldsAt = { type: 4, flags: 6, sequence: 8 } as const;

export type Message = {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Buffer;
};

export type MessageWriter = {
  /** What was written stands at the beginning, `length` bytes. Blank fields are filled in here. */
  readonly data: Buffer;
  /** Of the same bytes. */
  readonly view: DataView;
  length(): number;
  /** Begins a message; `end` it before the next one. */
  begin(type: number, flags: number, sequence: number): void;
  end(): void;
  /** Returns where they begin. */
  bytes(value: Uint8Array): number;
  /** Returns where the value begins. */
  attribute(type: number, value: Uint8Array): number;
  text(type: number, value: string): void;
  u32(type: number, value: number): void;
  be32(type: number, value: number): void;
  be64(type: number, value: number): void;
  u8(type: number, value: number): void;
  /** Attributes within an attribute. */
  nest(type: number, content: () => void): void;
  /** Everything written; it is overwritten once `reset` was called. */
  written(): Buffer;
  reset(): void;
};

/** Throws RangeError when more is written than `size` bytes hold. */
export function createMessageWriter(size = 8192): MessageWriter {
  const data = Buffer.alloc(size);
  const view = viewOf(data);
  let at = 0;
  let begunAt = 0;

  function header(type: number, length: number): number {
    const valueAt = at + attributeBytes;
    const end = valueAt + aligned(length);
    // The padding is within the last word; without a value, that is the header, which is written now.
    view.setUint32(end - 4, 0);
    view.setUint16(at, attributeBytes + length, true);
    view.setUint16(at + 2, type, true);
    at = end;
    return valueAt;
  }

  return {
    data,
    view,
    length: () => at,
    begin(type, messageFlags, sequence) {
      begunAt = at;
      view.setUint16(at + fieldsAt.type, type, true);
      view.setUint16(at + fieldsAt.flags, messageFlags, true);
      view.setUint32(at + fieldsAt.sequence, sequence, true);
      view.setUint32(at + 12, 0);
      at += headerBytes;
    },
    end: () => view.setUint32(begunAt, at - begunAt, true),
    bytes(value) {
      const valueAt = at;
      at += aligned(value.length);
      if (at > size) throw new RangeError("the message is too long");
      if (at > valueAt) view.setUint32(at - 4, 0);
      data.set(value, valueAt);
      return valueAt;
    },
    attribute(type, value) {
      const valueAt = header(type, value.length);
      data.set(value, valueAt);
      return valueAt;
    },
    text: (type, value) => void data.write(value, header(type, value.length + 1), "latin1"),
    u32: (type, value) => view.setUint32(header(type, 4), value, true),
    be32: (type, value) => view.setUint32(header(type, 4), value),
    be64: (type, value) => setBe64(view, header(type, 8), value),
    u8: (type, value) => view.setUint8(header(type, 1), value),
    nest(type, content) {
      const start = at;
      header(type | nested, 0);
      content();
      view.setUint16(start, at - start, true);
    },
    written: () => data.subarray(0, at),
    reset() {
      at = 0;
    },
  };
}

/** What a received message is read by. */
export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** A whole number up to 2^53 in network order. */
export function setBe64(data: DataView, at: number, value: number): void {
  data.setUint32(at, Math.floor(value / 2 ** 32));
  data.setUint32(at + 4, value >>> 0);
}

/** `at` itself if a whole message begins there, among those that end at `end`; else -1. */
export function messageAt(data: DataView, at: number, end: number): number {
  if (at + headerBytes > end) return -1;
  const length = data.getUint32(at, true);
  return length < headerBytes || at + length > end ? -1 : at;
}

/** Where the next whole message begins; -1 where there is none: what is malformed ends a datagram. */
export function messageAfter(data: DataView, at: number, end: number): number {
  return messageAt(data, at + aligned(data.getUint32(at, true)), end);
}

export function messageEnd(data: DataView, at: number): number {
  return at + data.getUint32(at, true);
}

export function typeOf(data: DataView, at: number): number {
  return data.getUint16(at + fieldsAt.type, true);
}

export function sequenceOf(data: DataView, at: number): number {
  return data.getUint32(at + fieldsAt.sequence, true);
}

/** The errno that an error message carries, 0 for an acknowledgement; undefined for any other message. */
export function errnoOf(data: DataView, at: number): number | undefined {
  if (typeOf(data, at) !== messageTypes.error || messageEnd(data, at) < at + headerBytes + 4) return undefined;
  return 0 - data.getInt32(at + headerBytes, true);
}

/** As an object with bytes of its own, for what is asked seldom. */
export function messageOf(data: DataView, at: number): Message {
  const payloadAt = data.byteOffset + at + headerBytes;
  return {
    type: typeOf(data, at),
    flags: data.getUint16(at + fieldsAt.flags, true),
    sequence: sequenceOf(data, at),
    payload: Buffer.from(new Uint8Array(data.buffer, payloadAt, data.byteOffset + messageEnd(data, at) - payloadAt)),
  };
}

/**
 * Where the values of the attributes between `from` and `to` begin, by their types, as far as `places` goes; 0 for those that
 * are not there. What is malformed ends the search.
 */
export function placeAttributes(data: DataView, from: number, to: number, places: Int32Array): void {
  for (let type = 0; type < places.length; type++) places[type] = 0;
  for (let at = from; at + attributeBytes <= to;) {
    const length = data.getUint16(at, true);
    if (length < attributeBytes || at + length > to) return;
    const type = data.getUint16(at + 2, true) & attributeType;
    if (type < places.length) places[type] = at + attributeBytes;
    at += aligned(length);
  }
}

/** Where the value that begins at `valueAt` ends. */
export function attributeEnd(data: DataView, valueAt: number): number {
  return valueAt - attributeBytes + data.getUint16(valueAt - attributeBytes, true);
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}
