// A table in Markdown, as the formatter of this repository has it.

export type Row = readonly string[];

/** Columns of one width, as the formatter of this repository has them. */
export function markdownTable(head: Row, rows: readonly Row[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => [...(row[column] ?? "")].length)));
  const line = (row: Row): string =>
    `| ${widths.map((width, column) => (row[column] ?? "") + " ".repeat(width - [...(row[column] ?? "")].length)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
