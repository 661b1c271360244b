// Visible text: what a peer has said, as it is shown in a drawing: decoded, every character visible, and not too long.
import { columnsOf } from "../columns.ts";
import { readable } from "../readable.ts";
import { unprintable } from "../unprintable.ts";

/** Characters of one text. The whole of it stands in the transcript. */
const mostCharacters = 300;

/** Control characters become visible signs, one column each; they can't act on a terminal or turn the direction of a text. */
export function visible(latin1: string, most = mostCharacters): string {
  return bounded(
    readable(latin1)
      .replace(unprintable, sign)
      // Not allowed in XML, and three marks above each other are no letter of anybody's.
      .replace(/[\ufffe\uffff]/g, "·")
      .replace(/(\p{M}{2})\p{M}+/gu, "$1"),
    most,
  );
}

function sign(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "·";
}

function bounded(text: string, most: number): string {
  if (text.length <= most) return text;
  const characters = [...text];
  if (characters.length <= most) return text;
  return `${characters.slice(0, most).join("")}… (${characters.length - most} more)`;
}

/** Rows of at most `columns` (2 or more), broken at spaces where there are any; at least one. */
export function wrapped(text: string, columns: number): string[] {
  const rows: string[] = [];
  let rest = text;
  while (columnsOf(rest) > columns) {
    const fitting = fittingPart(rest, columns);
    const space = rest.lastIndexOf(" ", fitting.length);
    const isAtSpace = space > 0 && rest.slice(0, space).trim() !== "";
    rows.push(isAtSpace ? rest.slice(0, space) : fitting);
    rest = rest.slice(isAtSpace ? space + 1 : fitting.length);
  }
  return [...rows, rest];
}

function fittingPart(text: string, columns: number): string {
  let part = "";
  let taken = 0;
  for (const character of text) {
    taken += columnsOf(character);
    if (taken > columns) break;
    part += character;
  }
  return part;
}
