// Read buffers: the memory that relayed bytes pass through. Fewer, larger reads are what makes a relay fast, but few
// directions of few transfers carry bulk at any moment: all others read into one shared buffer and have their bytes copied
// out of it.

export type ReadBuffers = {
  /** Valid until the read's callback returns. */
  readonly shared: Buffer;
  /** For one direction alone; undefined when all are in use. */
  takeLarge(): Buffer | undefined;
  returnLarge(buffer: Buffer): void;
};

export type ReadBuffersOptions = {
  readonly sharedBytes?: number;
  readonly largeBytes?: number;
  /** Large buffers in use at once, over all transfers. */
  readonly largeLimit?: number;
};

/** Large buffers kept for the next transfer. */
const idleLimit = 8;

export function createReadBuffers(options: ReadBuffersOptions = {}): ReadBuffers {
  const { sharedBytes = 64 * 1024, largeBytes = 1024 * 1024, largeLimit = 64 } = options;
  const idle: Buffer[] = [];
  let inUse = 0;
  return {
    shared: Buffer.allocUnsafeSlow(sharedBytes),
    takeLarge() {
      if (inUse === largeLimit) return undefined;
      inUse++;
      return idle.pop() ?? Buffer.allocUnsafeSlow(largeBytes);
    },
    returnLarge(buffer) {
      inUse--;
      if (idle.length < idleLimit) idle.push(buffer);
    },
  };
}
