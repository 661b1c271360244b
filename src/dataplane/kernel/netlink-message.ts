// The framing of netlink: messages and their attributes, written into one buffer and read out of what the kernel sends.
// Headers are in the machine's byte order, which is taken to be little-endian; nothing here knows a socket.

export const headerBytes = 16;
const attributeBytes = 4;
const nested = 0x8000;
/** Without the flags for nesting and byte order. */
const attributeType = 0x3fff;

export const flags = {
  request: 1,
  acknowledge: 4,
  dump: 0x300,
  exclusive: 0x200,
  create: 0x400,
} as const;

export const messageTypes = { error: 2, done: 3 } as const;

export type Message = {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Buffer;
};

export type MessageWriter = {
  /** Begins a message; `end` it before the next one. */
  begin(type: number, flags: number, sequence: number): void;
  end(): void;
  bytes(value: Uint8Array): void;
  attribute(type: number, value: Uint8Array): void;
  text(type: number, value: string): void;
  u32(type: number, value: number): void;
  be32(type: number, value: number): void;
  be64(type: number, value: number): void;
  be16(type: number, value: number): void;
  u8(type: number, value: number): void;
  /** Attributes within an attribute. */
  nest(type: number, content: () => void): void;
  /** Everything written; it is overwritten once `reset` was called. */
  written(): Buffer;
  reset(): void;
};

/** Throws RangeError when more is written than `size` bytes hold. */
export function createMessageWriter(size = 8192): MessageWriter {
  const buffer = Buffer.alloc(size);
  let at = 0;
  let messageAt = 0;

  function header(type: number, length: number): number {
    buffer.writeUInt16LE(attributeBytes + length, at);
    buffer.writeUInt16LE(type, at + 2);
    const valueAt = at + attributeBytes;
    const end = valueAt + aligned(length);
    buffer.fill(0, valueAt, end);
    at = end;
    return valueAt;
  }

  const writer: MessageWriter = {
    begin(type, messageFlags, sequence) {
      messageAt = at;
      buffer.writeUInt16LE(type, at + 4);
      buffer.writeUInt16LE(messageFlags, at + 6);
      buffer.writeUInt32LE(sequence, at + 8);
      buffer.writeUInt32LE(0, at + 12);
      at += headerBytes;
    },
    end: () => void buffer.writeUInt32LE(at - messageAt, messageAt),
    bytes(value) {
      if (at + aligned(value.length) > size) throw new RangeError("the message is too long");
      buffer.fill(0, at, at + aligned(value.length));
      buffer.set(value, at);
      at += aligned(value.length);
    },
    attribute: (type, value) => buffer.set(value, header(type, value.length)),
    text: (type, value) => void buffer.write(value, header(type, value.length + 1), "latin1"),
    u32: (type, value) => void buffer.writeUInt32LE(value, header(type, 4)),
    be32: (type, value) => void buffer.writeUInt32BE(value, header(type, 4)),
    be64: (type, value) => void buffer.writeBigUInt64BE(BigInt(value), header(type, 8)),
    be16: (type, value) => void buffer.writeUInt16BE(value, header(type, 2)),
    u8: (type, value) => void buffer.writeUInt8(value, header(type, 1)),
    nest(type, content) {
      const start = at;
      header(type | nested, 0);
      content();
      buffer.writeUInt16LE(at - start, start);
    },
    written: () => buffer.subarray(0, at),
    reset() {
      at = 0;
    },
  };
  return writer;
}

/** The whole messages at the beginning of a datagram; what is malformed ends it. */
export function parseMessages(data: Buffer): Message[] {
  const messages: Message[] = [];
  let at = 0;
  while (at + headerBytes <= data.length) {
    const length = data.readUInt32LE(at);
    if (length < headerBytes || at + length > data.length) break;
    messages.push({
      type: data.readUInt16LE(at + 4),
      flags: data.readUInt16LE(at + 6),
      sequence: data.readUInt32LE(at + 8),
      payload: data.subarray(at + headerBytes, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

/**
 * Where the value of the first attribute of that type begins, among those that begin at `from` and end before `to`; -1 where
 * there is none. What is malformed ends the search. News come by the thousand, so nothing is built of them.
 */
export function findAttribute(data: Uint8Array, from: number, to: number, type: number): number {
  let at = from;
  while (at + attributeBytes <= to) {
    const length = u16(data, at);
    if (length < attributeBytes || at + length > to) return -1;
    if ((u16(data, at + 2) & attributeType) === type) return at + attributeBytes;
    at += aligned(length);
  }
  return -1;
}

/** Where the value that was found at `valueAt` ends. */
export function attributeEnd(data: Uint8Array, valueAt: number): number {
  return valueAt - attributeBytes + u16(data, valueAt - attributeBytes);
}

function u16(data: Uint8Array, at: number): number {
  return data[at]! | (data[at + 1]! << 8);
}

/** The errno that an error message carries, 0 for an acknowledgement; undefined for any other message. */
export function errnoOf({ type, payload }: Message): number | undefined {
  return type === messageTypes.error && payload.length >= 4 ? -payload.readInt32LE(0) : undefined;
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}
