// Deferred calls: what is to be done once the caller is done. `queueMicrotask` makes an asynchronous resource of each call, which costs more
// than most of what is put off so.

const now = Promise.resolve();

/** Calls `task` once the present turn is over. What it throws ends the process, as from any callback. */
export function soon(task: () => void): void {
  void now.then(task);
}
