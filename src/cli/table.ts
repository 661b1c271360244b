// Table: rows of text as aligned columns for a terminal. A column is as wide as its widest cell; where the whole is wider than the
// terminal, the columns that may shrink do, and the last one may be wrapped or cut.
import { columnsOf } from "../observe/columns.ts";

export type Column = {
  readonly head: string;
  /** Numbers stand at the right. */
  readonly isNumber?: true;
  /** So wide at least, where there is not room for all of it; absent: it is never cut. */
  readonly least?: number;
  /** So wide before any other column gives more than down to its own; absent: `least`. */
  readonly enough?: number;
};

const gap = "  ";

/** Lines without blanks at their ends. `width`: of the terminal; absent: as wide as it takes. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width?: number,
): readonly string[] {
  const cells = [columns.map(({ head }) => head), ...rows];
  const widths = fitted(
    columns,
    columns.map((_, at) => Math.max(...cells.map((row) => columnsOf(row[at] ?? "")))),
    width,
  );
  return cells.map((row) =>
    columns
      .map(({ isNumber }, at) => padded(row[at] ?? "", widths[at] ?? 0, isNumber ?? false))
      .join(gap)
      .trimEnd(),
  );
}

function fitted(columns: readonly Column[], widths: readonly number[], width: number | undefined): readonly number[] {
  if (width === undefined) return widths;
  const gaps = gap.length * (columns.length - 1);
  const enough = columns.map(({ enough: some, least }) => some ?? least);
  const first = shrunk(widths, enough, width - gaps);
  return shrunk(
    first,
    columns.map(({ least }) => least),
    width - gaps,
  );
}

/** The widest gives first, so that all keep as much as they can. A column without a `least` gives nothing. */
function shrunk(widths: readonly number[], least: readonly (number | undefined)[], width: number): readonly number[] {
  const fitting = [...widths];
  let excess = fitting.reduce((sum, one) => sum + one, 0) - width;
  while (excess > 0) {
    const [widest] = fitting
      .map((one, at) => ({ at, one, spare: one - (least[at] ?? one) }))
      .filter(({ spare }) => spare > 0)
      .toSorted((a, b) => b.one - a.one);
    if (widest === undefined) break;
    fitting[widest.at] = widest.one - 1;
    excess -= 1;
  }
  return fitting;
}

/** In exactly so many columns; a text that is cut ends with `…`. */
export function padded(text: string, width: number, isNumber = false): string {
  const shown = cut(text, width);
  const blanks = " ".repeat(Math.max(0, width - columnsOf(shown)));
  return isNumber ? blanks + shown : shown + blanks;
}

/** In at most so many columns. */
export function cut(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  let shown = "";
  let taken = 0;
  for (const character of text) {
    const wide = columnsOf(character);
    if (taken + wide > width - 1) break;
    shown += character;
    taken += wide;
  }
  return width < 1 ? "" : `${shown}…`;
}
