// Growing trace: what is new in a trace that is asked for again and again while its session goes on.

const leftOut = /\b\d+ earlier steps are not kept any more\b/;

/** So many rows at most stand above that: who takes part. */
const mostHeadRows = 8;

/**
 * The trace, as lines or drawn, with what the next answer adds. The gateway forgets the beginning of a long one: what was there before
 * the kept part is kept here.
 */
export function grownTrace(before: readonly string[], next: readonly string[]): readonly string[] {
  const notice = next.findIndex((row, at) => at <= mostHeadRows && leftOut.test(row));
  if (notice === -1) return next;
  const rest = next.slice(notice + 1);
  // Where in what is known the answer begins: the first place from which on all that is known is the same.
  const start = before.findIndex((_, at) => isBeginning(before, at, rest));
  return start === -1 ? [...before, ...next.slice(notice)] : [...before.slice(0, start), ...rest];
}

function isBeginning(before: readonly string[], from: number, of: readonly string[]): boolean {
  const length = before.length - from;
  if (length > of.length) return false;
  for (let at = 0; at < length; at += 1) if (before[from + at] !== of[at]) return false;
  return true;
}

/**
 * Prints rows that are drawn anew each time: those that were not printed yet, or all from the first one that has changed on. The last
 * rows wait until they were drawn the same twice, or until it is the whole: a line that is passed on at once joins with its arrow.
 */
export function createRowPrinter(out: (text: string) => void): (rows: readonly string[], isWhole: boolean) => void {
  let printed: readonly string[] = [];
  let drawn: readonly string[] = [];
  return (rows, isWhole) => {
    const ready = isWhole ? rows : rows.slice(0, firstDifference(rows, drawn));
    const from = firstDifference(ready, printed);
    drawn = rows;
    if (from === ready.length) return;
    out(`${ready.slice(from).join("\n")}\n`);
    printed = ready;
  };
}

/** The length of the first where all of it stands in the second. */
function firstDifference(rows: readonly string[], others: readonly string[]): number {
  const at = rows.findIndex((row, index) => row !== others[index]);
  return at === -1 ? rows.length : at;
}
