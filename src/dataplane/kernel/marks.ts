// Connection marks: how their 32 bits are used. The administrator's mask picks the topmost bits for our value; below them
// come three flags that the kernel path sets while a connection lives, and the number of the transfer.

export type Marks = {
  readonly value: number;
  readonly mask: number;
  /** An RST was seen from the peer that opened the connection, or from the one that answered. */
  readonly openerReset: number;
  readonly answererReset: number;
  /** Every further packet is answered with an RST. */
  readonly aborted: number;
  /** Numbers of transfers go from 0 to this, a mask itself. */
  readonly numbers: number;
};

export const defaultMark = 0x46000000;
export const defaultMask = 0xff000000;

/** At most 12 bits: 17 remain to number transfers. */
const narrowestMask = 0xfff00000;

/** Throws RangeError for a mask that is not a row of 1 to 12 topmost bits, and for a value that is 0 or not within it. */
export function createMarks(value = defaultMark, mask = defaultMask): Marks {
  const rest = ~mask >>> 0;
  if (mask < 0x80000000 || mask > narrowestMask || (rest & (rest + 1)) !== 0) {
    throw new RangeError(`the mask ${formatMark(mask)} is not a row of 1 to 12 topmost bits`);
  }
  if (value === 0 || (value & rest) !== 0) throw new RangeError(`the mark ${formatMark(value)} is not within its mask`);
  const top = (rest + 1) >>> 1;
  return {
    value,
    mask,
    openerReset: top,
    answererReset: top >>> 1,
    aborted: top >>> 2,
    numbers: (top >>> 2) - 1,
  };
}

export function isOurs({ value, mask }: Marks, mark: number): boolean {
  return (mark & mask) >>> 0 === value;
}

/** The form in which nft reads it. */
export function formatMark(mark: number): string {
  return `0x${mark.toString(16).padStart(8, "0")}`;
}

/** What an administrator's own rules recognise our connections by. */
export function markMatch({ value, mask }: Marks): string {
  return `ct mark & ${formatMark(mask)} == ${formatMark(value)}`;
}
