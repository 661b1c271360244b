// The line readers of a gateway's control connections. Between two lines a reader holds nothing and is like any other, so
// a connection keeps one only while a line is incomplete: ten thousand idle sessions share a few.

export type Reader<E> = {
  feed(chunk: Uint8Array): readonly E[];
  /** What an incomplete line amounts to at the end of the stream. */
  end?(): readonly E[];
};

export type ReaderPool<R> = {
  take(): R;
  giveBack(reader: R): void;
  /** The line, where a fresh reader would find this input (latin1) to be one ordinary line; else undefined. */
  ordinary(input: string): string | undefined;
};

/** Kept for the next line; more are in use only while many lines are incomplete at once. */
const idleLimit = 16;
const lf = 0x0a;

export function createReaderPool<R extends Reader<unknown>>(
  create: () => R,
  ordinary: (input: string) => string | undefined,
): ReaderPool<R> {
  const idle: R[] = [];
  return {
    ordinary,
    take: () => idle.pop() ?? create(),
    giveBack(reader) {
      if (idle.length < idleLimit) idle.push(reader);
    },
  };
}

/** Whether a reader that was fed `chunk` is between two lines. */
export function endsLine(chunk: Uint8Array): boolean {
  return chunk[chunk.length - 1] === lf;
}
