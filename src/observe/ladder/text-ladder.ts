// Text ladder: the rows of a session, drawn for a terminal: three lifelines, what was said between them, and what it was rewritten to.
// A line that is passed on as it came is one arrow from end to end; a rewritten one is two arrows with a text each; data is a
// double arrow; what only the gateway does or sees stands in the middle.
import type { Hop } from "../../session/diagnosis.ts";
import type { ConnectionRow, FailureRow, Ladder, LadderRow, LineRow, WaitRow } from "./ladder-rows.ts";
import { columnsOf } from "../columns.ts";
import { wrapped } from "./visible-text.ts";

export type TextLadderOptions = {
  /** Columns of the drawing: 110 unless told, never less than 40 or more than 500. */
  readonly width?: number;
};

type Heading = "towards-client" | "towards-server";

/** The two lanes between the three lifelines, in columns. */
type Lanes = { readonly left: number; readonly right: number };

/** The rows of one lane, of equal width; the last one carries the arrow. */
type Rows = readonly string[];

/** What arrows are made of: the shaft, and the heads at its ends. */
type Glyphs = { readonly shaft: string; readonly left: string; readonly right: string };

const spoken: Glyphs = { shaft: "─", left: "◀", right: "▶" };
const connecting: Glyphs = { shaft: "┄", left: "◁", right: "▷" };
const refused: Glyphs = { shaft: "┄", left: "✕", right: "✕" };
const carried: Glyphs = { shaft: "═", left: "◀", right: "▶" };
const cutOff: Glyphs = { shaft: "═", left: "✕", right: "✕" };

/** The drawing, without a newline at its end. */
export function drawText(ladder: Ladder, { width = 110 }: TextLadderOptions = {}): string {
  const inner = Math.min(Math.max(Math.floor(width), 40), 500) - 3;
  const lanes: Lanes = { left: Math.floor(inner / 2), right: Math.ceil(inner / 2) };
  const rows = ladder.rows.flatMap((row) => drawRow(row, lanes));
  return [...header(ladder, lanes), ...join([""], [""], lanes), ...rows].join("\n");
}

function drawRow(row: LadderRow, lanes: Lanes): readonly string[] {
  switch (row.kind) {
    case "line":
      return drawLine(row, lanes);
    case "connection":
      return drawConnection(row, lanes);
    case "data":
      return across(`${row.text} · ${row.figures}`, row.towards, row.isComplete ? carried : cutOff, lanes);
    case "pinhole":
      return note(`${row.state === "open" ? "◇" : "◆"} ${row.text}`, lanes);
    case "note":
      return note(row.tone === "refusal" ? `✕ ${row.text}` : row.text, lanes);
    case "wait":
      return drawWait(row, lanes);
    case "failure":
      return drawFailure(row, lanes);
  }
}

function drawLine({ towards, client, server }: LineRow, lanes: Lanes): string[] {
  const heading: Heading = `towards-${towards}`;
  if (client === undefined || server === undefined || client !== server) {
    const half = (text: string | undefined, width: number): Rows =>
      text === undefined ? [""] : arrow(text, width, heading, spoken);
    return join(half(client, lanes.left), half(server, lanes.right), lanes);
  }
  // One arrow from end to end: its text is where it begins, its head where it ends.
  const begin = (width: number): Rows => arrow(client, width, heading, spoken, "start");
  const end = (width: number): Rows => [arrowEnd(width, heading, spoken)];
  const [left, right] = towards === "server" ? [begin, end] : [end, begin];
  return join(left(lanes.left), right(lanes.right), lanes, "┼");
}

function drawConnection({ side, towards, isRefused, text }: ConnectionRow, lanes: Lanes): string[] {
  const isTowardsServer = side === "client" ? towards === "gateway" : towards === "server";
  const heading: Heading = isTowardsServer ? "towards-server" : "towards-client";
  return inLane(side, (width) => arrow(text, width, heading, isRefused ? refused : connecting), lanes);
}

function inLane(side: "client" | "server", draw: (width: number) => Rows, lanes: Lanes): string[] {
  return side === "client" ? join(draw(lanes.left), [""], lanes) : join([""], draw(lanes.right), lanes);
}

/** `── text ─────▶` or `◀── text ─────` over the whole width; a text that is too long takes rows above. The `start` has no head. */
function arrow(text: string, width: number, heading: Heading, glyphs: Glyphs, part: "whole" | "start" = "whole"): Rows {
  const { shaft } = glyphs;
  const rows = wrapped(text, width - 6);
  const last = rows.pop() ?? "";
  const head = part === "start" ? shaft : heading === "towards-server" ? glyphs.right : glyphs.left;
  const lead = heading === "towards-client" ? `${head}${shaft.repeat(2)}` : shaft.repeat(2);
  const words = last === "" ? lead : `${lead} ${last} `;
  const drawn =
    heading === "towards-server" ? `${padded(words, width - 1, shaft)}${head}` : padded(words, width, shaft);
  return [...rows.map((row) => padded(`${" ".repeat(lead.length + 1)}${row}`, width)), drawn];
}

function arrowEnd(width: number, heading: Heading, { shaft, left, right }: Glyphs): string {
  return heading === "towards-server" ? right.padStart(width, shaft) : left.padEnd(width, shaft);
}

/** From end to end, the text in the middle. */
function across(text: string, towards: LineRow["towards"] | undefined, glyphs: Glyphs, lanes: Lanes): string[] {
  const inner = lanes.left + 1 + lanes.right;
  const rows = wrapped(text, inner - 8);
  const last = rows.pop() ?? "";
  const [left, right] = [
    towards === "server" ? glyphs.shaft : glyphs.left,
    towards === "client" ? glyphs.shaft : glyphs.right,
  ];
  const start = Math.max(3, lanes.left - Math.floor(columnsOf(last) / 2) - 1);
  const drawn = `${padded(`${left}${glyphs.shaft.repeat(start - 1)} ${last} `, inner - 1, glyphs.shaft)}${right}`;
  return [...rows.flatMap((row) => note(row, lanes)), `│${drawn}│`];
}

/** Both lanes side by side, their last rows in one line. Only there the gateway's lifeline may be crossed. */
function join(left: Rows, right: Rows, lanes: Lanes, crossing: "│" | "┼" = "│"): string[] {
  const height = Math.max(left.length, right.length);
  return Array.from({ length: height }, (_, row) => {
    const leftRow = left[row - height + left.length] ?? "";
    const rightRow = right[row - height + right.length] ?? "";
    const middle = row === height - 1 ? crossing : "│";
    return `│${padded(leftRow, lanes.left)}${middle}${padded(rightRow, lanes.right)}│`;
  });
}

/** In place of the gateway's lifeline, between those of client and server. */
function note(text: string, lanes: Lanes, lifeline = "│"): string[] {
  const inner = lanes.left + 1 + lanes.right;
  return wrapped(text, inner - 4).map((row) => {
    const start = Math.max(1, lanes.left - Math.floor(columnsOf(row) / 2));
    return `${padded(`${lifeline}${" ".repeat(start)}${row}`, inner + 1)}${lifeline}`;
  });
}

/** Rows in which the lifelines are dotted: one below a second, two below ten, three below a minute, four above. */
function drawWait({ ms, text }: WaitRow, lanes: Lanes): string[] {
  const empty = `┊${" ".repeat(lanes.left)}┊${" ".repeat(lanes.right)}┊`;
  const more = ms < 1000 ? 0 : ms < 10_000 ? 1 : ms < 60_000 ? 2 : 3;
  const above = Math.floor(more / 2);
  return [
    ...Array.from({ length: above }, () => empty),
    ...note(text, lanes, "┊"),
    ...Array.from({ length: more - above }, () => empty),
  ];
}

/** The hop as an arrow that does not arrive, then what failed and what to do. */
function drawFailure({ hop, cause, sentence, advice }: FailureRow, lanes: Lanes): string[] {
  const inner = lanes.left + 1 + lanes.right;
  const { side, heading } = hopParts(hop);
  const title = `${hop}: ${cause}`;
  const marker =
    side === undefined
      ? note(`✕ ${title}`, lanes)
      : inLane(side, (width) => arrow(title, width, heading, refused), lanes);
  const paragraph = (text: string, sign: string): string[] =>
    wrapped(text, inner - 6).map((row, index) => `│${padded(`  ${index === 0 ? sign : " "} ${row}`, inner)}│`);
  return [...marker, ...paragraph(sentence, "✕"), ...paragraph(advice, "→")];
}

/** In which lane a hop is, and who connects there to whom. */
function hopParts(hop: Hop): { readonly side: "client" | "server" | undefined; readonly heading: Heading } {
  const side = hop.startsWith("client") ? "client" : hop.startsWith("server") ? "server" : undefined;
  const isTowardsServer =
    hop === "client-control" || hop === "client-data-in" || hop === "server-control" || hop === "server-data-out";
  return { side, heading: isTowardsServer ? "towards-server" : "towards-client" };
}

/** Who takes part, and below the endpoints, which have a row each where there is no room. */
function header({ client, gateway, server = "" }: Ladder, lanes: Lanes): string[] {
  const width = lanes.left + lanes.right + 3;
  const endpoints = columns(client, gateway, server, lanes);
  const below =
    endpoints === undefined ? [client, gateway, server].flatMap((text) => wrapped(text, width)) : [endpoints];
  return [columns("client", "gateway", "server", lanes) ?? "", ...below.map((row) => padded(row, width))];
}

/** At the left, in the middle and at the right; undefined where there is no room. */
function columns(left: string, middle: string, right: string, lanes: Lanes): string | undefined {
  const width = lanes.left + lanes.right + 3;
  const start = lanes.left + 1 - Math.floor(columnsOf(middle) / 2);
  const row = `${padded(left, start)}${middle}`;
  const rest = width - columnsOf(row) - columnsOf(right);
  return columnsOf(left) < start && rest > 0 ? `${row}${" ".repeat(rest)}${right}` : undefined;
}

function padded(text: string, width: number, fill = " "): string {
  return text + fill.repeat(Math.max(0, width - columnsOf(text)));
}
