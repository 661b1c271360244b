// Table: rows of the same kind. On a narrow screen each row is a card, in which every value stands behind the heading of its column.
import { html, type Html, type HtmlValue } from "./html.ts";

export type Column<Row> = {
  readonly head: string;
  readonly cell: (row: Row) => HtmlValue;
  /**
   * `number`: at the right. `main`: what the row is called. `text`: a word that somebody has chosen, which may be broken anywhere. `wide`:
   * likewise, and has a line of its own on a card. `state`: is read without its heading. Nothing else is broken within a word.
   */
  readonly kind?: "number" | "main" | "main wide" | "text" | "wide" | "state";
};

/** `label` names it for who can't see its heading; `idOf`: of a row, to know it again when the page is brought up to date. */
export function table<Row>(
  label: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  idOf: (row: Row) => string,
): Html {
  return html`<table aria-label="${label}" role="table">
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map(({ head, kind = "" }) => html`<th role="columnheader" scope="col" class="${kind}">${head}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        (row) =>
          html` <tr role="row" id="${idOf(row)}">
            ${columns.map(({ head, cell, kind = "" }) => {
              const value = cell(row);
              return kind.startsWith("main")
                ? html`<th role="rowheader" scope="row" class="${kind}" data-head="${head}">${value}</th>`
                : html`<td role="cell" class="${kind}" data-head="${head}">${value}</td>`;
            })}
          </tr>`,
      )}
    </tbody>
  </table>`;
}
