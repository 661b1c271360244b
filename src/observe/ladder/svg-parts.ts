// SVG parts: escaped text, arrows and boxes, as strings. Peers choose the text: it never leaves its element.
import { wrapped } from "./visible-text.ts";

/** Where the lifelines are, and how big letters are, in the units of the drawing. */
export type Frame = {
  readonly width: number;
  /** For a phone: without times, with smaller letters. */
  readonly isNarrow: boolean;
  readonly left: number;
  readonly middle: number;
  readonly right: number;
  readonly letter: Letter;
  readonly label: Letter & { readonly boldAdvance: number };
};

/** `advance`: what one column takes; of letters of different widths, on average. */
type Letter = { readonly size: number; readonly advance: number; readonly lineHeight: number };

/** Below that, the drawing is one for a phone. */
const narrowWidth = 640;

export function frameOf(width: number): Frame {
  const isNarrow = width < narrowWidth;
  const left = isNarrow ? 12 : 84;
  const right = width - (isNarrow ? 12 : 28);
  const size = isNarrow ? 11 : 13;
  return {
    ...{ width, isNarrow, left, right, middle: (left + right) / 2 },
    letter: { size, advance: size * 0.605, lineHeight: size + 4 },
    label: { size, advance: size * 0.55, boldAdvance: size * 0.61, lineHeight: size + 5 },
  };
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** To a tenth of a unit. */
export function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** The attribute, in which the names have a word before them: a page has classes of its own. */
export function classed(names: string): string {
  return `class="ladder-${names.replaceAll(" ", " ladder-")}"`;
}

export function group(className: string, ...parts: readonly string[]): string {
  return `<g ${classed(className)}>${parts.join("")}</g>`;
}

export type TextStyle = {
  readonly size: number;
  readonly className?: string;
  readonly anchor?: "middle" | "end";
};

/** One row of text; `content` is XML. */
export function textAt(x: number, y: number, content: string, { size, className, anchor }: TextStyle): string {
  const attributes = [
    `x="${at(x)}" y="${at(y)}" font-size="${at(size)}"`,
    ...(className === undefined ? [] : [classed(className)]),
    ...(anchor === undefined ? [] : [`text-anchor="${anchor}"`]),
  ];
  return `<text ${attributes.join(" ")}>${content}</text>`;
}

/** A part of a text that looks different; `from` and `to` count UTF-16 units. */
export type Span = { readonly from: number; readonly to: number; readonly className: string };

/** The rows of a text that is broken at so many columns, as XML, its spans marked. Spans don't overlap and stand in order. */
export function markedRows(text: string, columns: number, spans: readonly Span[]): readonly string[] {
  let from = 0;
  return wrapped(text, columns).map((row) => {
    const start = text.indexOf(row, from);
    from = start + row.length;
    return marked(row, start, spans);
  });
}

function marked(row: string, start: number, spans: readonly Span[]): string {
  let xml = "";
  let done = 0;
  for (const span of spans) {
    const [from, to] = [Math.max(span.from - start, done), Math.min(span.to - start, row.length)];
    if (from >= to) continue;
    const part = `<tspan ${classed(span.className)}>${escapeXml(row.slice(from, to))}</tspan>`;
    xml += escapeXml(row.slice(done, from)) + part;
    done = to;
  }
  return xml + escapeXml(row.slice(done));
}

/** What differs from another text, grown to whole words and numbers; undefined if nothing is alike or nothing differs. */
export function changedPart(text: string, other: string): { readonly from: number; readonly to: number } | undefined {
  let from = 0;
  while (from < text.length && text[from] === other[from]) from += 1;
  let end = 0;
  const most = Math.min(text.length, other.length) - from;
  while (end < most && text.at(-1 - end) === other.at(-1 - end)) end += 1;
  let to = text.length - end;
  const isInWord = (index: number): boolean => /[\p{L}\p{N}]/u.test(text[index] ?? "");
  while (from > 0 && isInWord(from - 1) && isInWord(from)) from -= 1;
  while (to < text.length && isInWord(to) && isInWord(to - 1)) to += 1;
  return from < to ? { from, to } : undefined;
}

/** A shaft from `x1` to `x2`, with a head there if it `arrives`. */
export function arrow(x1: number, x2: number, y: number, hasHead = true): string {
  const back = x2 > x1 ? -1 : 1;
  const end = hasHead ? x2 + back * 8 : x2;
  const shaft = `<path ${classed("shaft")} d="M${at(x1)} ${at(y)}H${at(end)}"/>`;
  const tip = `<path ${classed("tip")} d="M${at(x2)} ${at(y)}l${back * 9} -4.5v9z"/>`;
  return hasHead ? shaft + tip : shaft;
}

export function cross(x: number, y: number, reach = 5): string {
  const d = `M${at(x - reach)} ${at(y - reach)}l${2 * reach} ${2 * reach}m0 ${-2 * reach}l${-2 * reach} ${2 * reach}`;
  return `<path ${classed("cross")} d="${d}"/>`;
}

export function box(className: string, x: number, y: number, width: number, height: number, radius: number): string {
  return `<rect ${classed(className)} x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}" rx="${at(radius)}"/>`;
}

export function dot(className: string, x: number, y: number, radius: number): string {
  return `<circle ${classed(className)} cx="${at(x)}" cy="${at(y)}" r="${at(radius)}"/>`;
}
