// Repeated line: what may happen a thousand times a second is logged now and then, with its number.

/** `write` gets the first one at once, and of those that come within `quietMs` the last, with their number if they are many. */
export function createRepeatedLine<Line extends object>(
  quietMs: number,
  write: (line: Line & { readonly count?: number }) => void,
): (line: Line) => void {
  let waiting: Line | undefined;
  let count = 0;
  let clock: NodeJS.Timeout | undefined;

  function say(line: Line, times: number): void {
    write(times > 1 ? { ...line, count: times } : line);
    clock = setTimeout(quietIsOver, quietMs).unref();
  }

  function quietIsOver(): void {
    clock = undefined;
    if (waiting === undefined) return;
    say(waiting, count);
    waiting = undefined;
    count = 0;
  }

  return (line) => {
    if (clock === undefined) return say(line, 1);
    waiting = line;
    count += 1;
  };
}
