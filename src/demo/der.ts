// DER, as much of it as a certificate takes (ITU-T X.690): tag, length, content.

function element(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const octets = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...octets]), content]);
}

export const derSequence = (...parts: readonly Uint8Array[]): Buffer => element(0x30, Buffer.concat(parts));
export const derOctets = (content: Uint8Array): Buffer => element(0x04, content);
export const derBoolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]));
export const derBitString = (content: Uint8Array): Buffer => element(0x03, Buffer.concat([Buffer.from([0]), content]));
/** Big-endian, not negative: the first byte is below 0x80. */
export const derInteger = (content: Uint8Array): Buffer => element(0x02, content);

/** Tagged for its context; `isConstructed`: it holds elements. */
export function derTagged(tag: number, content: Uint8Array, isConstructed = true): Buffer {
  return element((isConstructed ? 0xa0 : 0x80) | tag, content);
}

/** An object identifier such as `2.5.4.3`. */
export function derObject(identifier: string): Buffer {
  const [first = 0, second = 0, ...rest] = identifier.split(".").map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): readonly number[] {
  const digits = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

/** A distinguished name with one attribute. */
export function derName(attribute: string, text: string): Buffer {
  const value = element(0x0c, Buffer.from(text, "utf8"));
  return derSequence(element(0x31, derSequence(derObject(attribute), value)));
}

/** Milliseconds since 1970, of the years 1950 to 2049, as UTCTime. */
export function derTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]/g, "").slice(2, 14);
  return element(0x17, Buffer.from(`${digits}Z`, "latin1"));
}
