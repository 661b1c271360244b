// The arithmetic of the bench. What is compared is always compared within one round, so that a machine that is slower for a
// minute slows both; only then is the median over the rounds taken.
import type { Row } from "./row.ts";

/** The middle value, or the mean of the two in the middle; undefined of nothing. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)];
  const lower = sorted[Math.ceil(middle) - 1];
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}

/** Which figures: those called `value` in rows of these measures. */
export type Selection = { readonly measures: readonly string[]; readonly value: string };

function figures(rows: readonly Row[], contender: string, { measures, value }: Selection): Map<string, number> {
  const found = new Map<string, number>();
  for (const row of rows) {
    if (row.contender !== contender || !measures.includes(row.measure) || !("values" in row)) continue;
    const figure = row.values[value];
    if (figure !== undefined) found.set(`${row.round} ${row.measure}`, figure);
  }
  return found;
}

/** Median over the rounds. */
export function absolute(rows: readonly Row[], contender: string, selection: Selection): number | undefined {
  return median([...figures(rows, contender, selection).values()]);
}

/** The least and the most of the rounds; undefined where there are not several. */
export function range(
  rows: readonly Row[],
  contender: string,
  selection: Selection,
): readonly [number, number] | undefined {
  const all = [...figures(rows, contender, selection).values()];
  return all.length < 2 ? undefined : [Math.min(...all), Math.max(...all)];
}

/** Median over the rounds of each figure compared with `base` in the same round and measure. */
export function compared(
  rows: readonly Row[],
  contender: string,
  base: string,
  selection: Selection,
  compare: (own: number, base: number) => number,
): number | undefined {
  const bases = figures(rows, base, selection);
  const pairs = [...figures(rows, contender, selection)].flatMap(([key, own]) => {
    const other = bases.get(key);
    return other === undefined ? [] : [compare(own, other)];
  });
  return median(pairs);
}

export const ratio = (own: number, base: number): number => own / base;
export const difference = (own: number, base: number): number => own - base;
