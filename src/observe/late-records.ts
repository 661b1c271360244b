// Late records: what operators are told waits until the peers have been served, and is put together a little later, many facts at once.
// One by one they would cost a multiple, and each at the moment when a peer waits for its line.

export type LateRecords = {
  /** Calls `record` within 10 ms, or when `flush` is called. */
  add(record: () => void): void;
  /** What waits is recorded now. */
  flush(): void;
};

const delayMs = 10;

export function createLateRecords(): LateRecords {
  let waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;

  function flush() {
    clearTimeout(timer);
    timer = undefined;
    const records = waiting;
    waiting = [];
    for (const record of records) record();
  }

  return {
    add(record) {
      waiting.push(record);
      timer ??= setTimeout(flush, delayMs);
    },
    flush,
  };
}
