// In time: an answer that is waited for so long and no longer.

/**
 * The answer, or undefined if it is not there after so many milliseconds; then `late` is called, and what comes after that is dropped. An
 * answer that has come while the event loop was busy is in time. Rejects as the answer does.
 */
export async function inTime<T>(answer: Promise<T>, ms: number, late: () => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    let check: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => {
      check = setImmediate(() => {
        late();
        resolve(undefined);
      });
    }, ms);
    const settle = (): void => {
      clearTimeout(timer);
      clearImmediate(check);
    };
    answer.finally(settle).then(resolve, reject);
  });
}
