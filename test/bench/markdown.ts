// Tables as the formatter of this repository lays them out, and the place of one in a document.

export type Cells = readonly string[];

/** The first column holds names, the others figures. */
export function formatTable(head: Cells, body: readonly Cells[]): string {
  const rows = [head, ...body];
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: Cells): string => `| ${cells.join(" | ")} |`;
  const pad = (row: Cells): string =>
    line(
      widths.map((width, column) => {
        const cell = row[column] ?? "";
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      }),
    );
  const rule = line(widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)));
  return [pad(head), rule, ...body.map(pad)].join("\n");
}

/** The document with `text` between its marks; undefined where it lacks them. */
export function replaceSection(document: string, mark: string, text: string): string | undefined {
  const begin = `<!-- ${mark}:begin -->`;
  const end = `<!-- ${mark}:end -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end, from);
  if (from < 0 || to < 0) return undefined;
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}
