// Deferred calls: what is to be done once the caller is done. `queueMicrotask` makes an asynchronous resource of each call, which costs more
// than most of what is put off so.

const now = Promise.resolve();

/** Put off in a callback of the loop's, which sees to them itself. */
let waiting: (() => void)[] | undefined;

/** Calls `task` once the present turn is over. What it throws ends the process, as from any callback. */
export function soon(task: () => void): void {
  if (waiting === undefined) void now.then(task);
  else waiting.push(task);
}

/** What is put off from now on is kept until `doPutOff`, and not left to Node, until `putOffByNode`. */
export function putOffHere(): void {
  waiting ??= [];
}

/** Calls what was put off, and what that puts off. */
export function doPutOff(): void {
  if (waiting === undefined) return;
  for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) task();
}

export function putOffByNode(): void {
  const left = waiting;
  waiting = undefined;
  // One of them has thrown.
  if (left !== undefined) for (const task of left) soon(task);
}
