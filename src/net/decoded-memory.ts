// Decoded memory: what bytes were decoded to, for those that come again and again: every conntrack event names its connection in full. To
// compare bytes is much less work than to make objects and texts of them.

export type DecodedMemory<T> = {
  /** What these very bytes of `data` were decoded to under this number. */
  recall(number: number, data: DataView, from: number, to: number): T | undefined;
  /** Instead of what another number, or other bytes, left there. Too many bytes are not kept. */
  keep(number: number, data: DataView, from: number, to: number, decoded: T): void;
};

/** A power of two: numbers that follow each other don't displace each other before there are so many. */
const slots = 256;

/** `slotBytes`: no more are kept at a time. */
export function createDecodedMemory<T>(slotBytes: number): DecodedMemory<T> {
  const kept = new DataView(new ArrayBuffer(slots * slotBytes));
  const lengths = new Uint8Array(slots);
  const values: (T | undefined)[] = Array.from({ length: slots });

  return {
    recall(number, data, from, to) {
      const slot = number & (slots - 1);
      const length = to - from;
      if (lengths[slot] !== length) return undefined;
      const keptAt = slot * slotBytes;
      for (let at = 0; at < length; at += 4) {
        if (kept.getInt32(keptAt + at) !== data.getInt32(from + at)) return undefined;
      }
      return values[slot];
    },
    keep(number, data, from, to, decoded) {
      const length = to - from;
      if (length <= 0 || length > slotBytes || length % 4 !== 0) return;
      const slot = number & (slots - 1);
      const keptAt = slot * slotBytes;
      for (let at = 0; at < length; at += 4) kept.setInt32(keptAt + at, data.getInt32(from + at));
      lengths[slot] = length;
      values[slot] = decoded;
    },
  };
}
