// Line queue: lines that wait to be written to a file, so many bytes at most. What was taken and is not written yet stays in it.

export type LineQueue = {
  /** One or more whole lines; dropped where they do not fit any more. */
  add(lines: string): void;
  /** Everything that is not written yet. */
  bytes(): number;
  /** What comes next; empty if nothing waits. It is the same until all of it was written. */
  next(): Uint8Array;
  /** So many bytes of what is next were. */
  wrote(count: number): void;
  /** A line of which a part was written is next as a whole: the rest goes to another file. */
  beginLineAgain(): void;
  /** So many were dropped since this was asked; 0 until there is room again. */
  takeDropped(): number;
};

/** So much is written at once. */
export const pieceBytes = 64 * 1024;

export function createLineQueue(mostBytes: number): LineQueue {
  let waiting: string[] = [];
  let bytes = 0;
  let dropped = 0;
  /** Whole lines, of which so much is written. */
  let piece = Buffer.alloc(0);
  let written = 0;

  function takePiece(): void {
    let count = 0;
    let length = 0;
    while (count < waiting.length && length < pieceBytes) length += Buffer.byteLength(waiting[count++] ?? "");
    piece = Buffer.from(waiting.slice(0, count).join(""));
    waiting = waiting.slice(count);
    written = 0;
  }

  return {
    add(lines) {
      const more = Buffer.byteLength(lines);
      if (bytes + more > mostBytes) {
        dropped += 1;
        return;
      }
      waiting.push(lines);
      bytes += more;
    },
    bytes: () => bytes,
    next() {
      if (written === piece.length) takePiece();
      return piece.subarray(written);
    },
    wrote(count) {
      written += count;
      bytes -= count;
    },
    beginLineAgain() {
      if (written === 0 || written === piece.length) return;
      const begun = piece.lastIndexOf("\n", written - 1) + 1;
      bytes += written - begun;
      written = begun;
    },
    takeDropped() {
      if (bytes > mostBytes / 2) return 0;
      const count = dropped;
      dropped = 0;
      return count;
    },
  };
}
