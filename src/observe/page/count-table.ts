// Count table: words of a closed set, each with how often it happened, the most frequent first.
import { bar } from "./bar.ts";
import { html, type Html } from "./html.ts";
import { table } from "./table.ts";
import { numberText } from "./words.ts";

export type Count = { readonly words: string; readonly note?: string; readonly count: number };

/** `kind`: a class name of its bars. */
export function countTable(label: string, head: string, counts: readonly Count[], kind: string): Html {
  const largest = Math.max(0, ...counts.map(({ count }) => count));
  return table<Count>(
    label,
    [
      {
        head,
        kind: "main",
        cell: ({ words, note }) => html`<code>${words}</code>${note !== undefined && html` <small>${note}</small>`}`,
      },
      { head: "Share", cell: ({ count }) => bar([kind, count / largest]) },
      { head: "Count", kind: "number", cell: ({ count }) => numberText(count) },
    ],
    counts.toSorted((one, other) => other.count - one.count),
    ({ words }) => `${kind}-${words.replaceAll(" ", "-")}`,
  );
}
