// Bytes whose place in a stream can be told from themselves: what a peer sends, and whether what another has received is that.

/** A prime length, so that a lost or doubled block of any usual size shows. */
const period = 65_521;
const twice = Buffer.alloc(2 * period);
let state = 1;
for (let index = 0; index < period; index++) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  twice[index] = state >>> 24;
  twice[index + period] = state >>> 24;
}

/** What stands in the stream from `offset` on: at most `length` bytes, at least one. */
export function patternAt(offset: number, length: number): Buffer {
  const start = offset % period;
  return twice.subarray(start, Math.min(start + length, twice.length));
}

/** Whether `chunk` is what stands in the stream from `offset` on. */
export function isPattern(offset: number, chunk: Uint8Array): boolean {
  for (let done = 0; done < chunk.length;) {
    const expected = patternAt(offset + done, chunk.length - done);
    if (!expected.equals(chunk.subarray(done, done + expected.length))) return false;
    done += expected.length;
  }
  return true;
}
