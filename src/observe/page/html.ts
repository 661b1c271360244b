// HTML: text that is made of templates. Every value in one is escaped, so that nothing that a peer has chosen is ever a tag, and what
// does not print is shown by its number.
import { escapeUnprintable } from "../unprintable.ts";

/** What needs no escaping any more. */
export type Html = { readonly markup: string };

/** `undefined` and `false` are nothing; a list is its members one after the other. */
export type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[];

/** Attributes are to be quoted in the template. */
export function html(texts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = texts[0] ?? "";
  for (const [index, value] of values.entries()) markup += markupOf(value) + (texts[index + 1] ?? "");
  return { markup };
}

export const nothing: Html = { markup: "" };

function markupOf(value: HtmlValue): string {
  if (value === undefined || value === false) return "";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return escaped(value);
  return "markup" in value ? value.markup : value.map(markupOf).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return escapeUnprintable(text).replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
