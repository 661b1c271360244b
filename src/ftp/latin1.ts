// Latin-1: bytes as text, one character per byte, so that nothing is ever decoded and every byte survives (D3.57).
// `TextDecoder("latin1")` would not do: it decodes windows-1252, which maps 0x80-0x9f elsewhere.

/** Engines limit the arguments of one call; this many are safe on any stack. */
const pieceBytes = 4096;

/** Undocumented, but in every version of Node, and what a Buffer's `toString("latin1")` calls. */
type Latin1Memory = Uint8Array & { latin1Slice?(from: number, to: number): string };

/** The bytes from `from` up to, not including, `to` as a string that keeps nothing of the chunk alive. */
export function readLatin1(bytes: Latin1Memory, from: number, to: number): string {
  return bytes.latin1Slice?.(from, to) ?? readPieces(bytes, from, to);
}

/** Of an array that is no Buffer, at thirty times the cost. */
function readPieces(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at += pieceBytes) {
    // A spread would walk the bytes through an iterator, at seven times the cost.
    const piece: string = Reflect.apply(
      String.fromCharCode,
      undefined,
      bytes.subarray(at, Math.min(to, at + pieceBytes)),
    );
    text += piece;
  }
  return text;
}

/** Without the SP and HT at either end. `trim` would take the byte 0xa0 too, which is half a letter in UTF-8. */
export function trimBlanks(text: string): string {
  return text.replace(/^[ \t]+/, "").replace(/(?<![ \t])[ \t]+$/, "");
}
