// SVG rows: what each row of a ladder looks like: its height, and its elements once it is known where it begins.
import type { Side } from "../../dataplane/pinhole.ts";
import type { ConnectionRow, DataRow, FailureRow, LadderRow, LineRow, NoteRow, WaitRow } from "./ladder-rows.ts";
import {
  arrow,
  box,
  changedPart,
  classed,
  cross,
  dot,
  escapeXml,
  at,
  group,
  markedRows,
  textAt,
  type Frame,
  type Span,
} from "./svg-parts.ts";
import { columnsOf } from "../columns.ts";
import { wrapped } from "./visible-text.ts";

/** `draw`: the elements of a row that begins at `y`. */
export type DrawnRow = { readonly height: number; readonly draw: (y: number) => string };

/** `became`: what was said later in place of a line that is not passed on at once. */
export function drawnRow(row: LadderRow, frame: Frame, became?: string): DrawnRow {
  switch (row.kind) {
    case "line":
      return drawnLine(row, frame, row.was ?? became);
    case "connection":
      return drawnConnection(row, frame);
    case "pinhole":
      return drawnPill(row.text, row.state === "open" ? "pinhole" : "ended", frame);
    case "data":
      return drawnData(row, frame);
    case "note":
      return drawnPill(row.text, row.tone, frame);
    case "wait":
      return drawnWait(row, frame);
    case "failure":
      return drawnFailure(row, frame);
  }
}

/** Between a lifeline and the text beside it. */
const gap = 12;

function laneColumns({ left, middle, letter }: Frame): number {
  return Math.max(8, Math.floor((middle - left - 2 * gap) / letter.advance));
}

/** A lane holds the texts of its rows, left-aligned, above the arrow. */
function laneText(frame: Frame, side: Side, rows: readonly string[], bottom: number): string {
  const { letter, left, middle } = frame;
  const x = (side === "client" ? left : middle) + gap;
  return rows
    .map((row, index) => textAt(x, bottom - 7 - (rows.length - 1 - index) * letter.lineHeight, row, letter))
    .join("");
}

function drawnLine({ towards, client, server, was }: LineRow, frame: Frame, other: string | undefined): DrawnRow {
  const { left, middle, right, letter } = frame;
  const columns = laneColumns(frame);
  const isSame = client === server;
  const isTurned = was !== undefined || (client !== undefined && server !== undefined && !isSame);
  const ofClient =
    client === undefined || (isSame && towards === "client") ? [] : lineRows(client, server ?? other, columns);
  const ofServer =
    server === undefined || (isSame && towards === "server") ? [] : lineRows(server, client ?? other, columns);
  const turn = isTurned ? 6 : 0;
  const textHeight = Math.max(ofClient.length, ofServer.length, 1) * letter.lineHeight;
  return {
    height: textHeight + 12,
    draw: (y) => {
      const bottom = y + textHeight + 4;
      const ends = (from: number, to: number): readonly [number, number] =>
        towards === "server" ? [from, to] : [to, from];
      const arrows = isSame
        ? [arrow(...ends(left, right), bottom), dot("dot", middle, bottom, 3.5)]
        : [
            ...(client === undefined ? [] : [arrow(...ends(left, middle - turn), bottom)]),
            ...(server === undefined ? [] : [arrow(...ends(middle + turn, right), bottom)]),
            ...(isTurned ? [dot("turn", middle, bottom, 5.5)] : []),
          ];
      const texts = [laneText(frame, "client", ofClient, bottom), laneText(frame, "server", ofServer, bottom)];
      return group("line", ...arrows, ...texts);
    },
  };
}

/** The verb or the code stands out, and what differs from the other half. */
function lineRows(text: string, other: string | undefined, columns: number): readonly string[] {
  const first = /^\S*/.exec(text)?.[0].length ?? 0;
  const changed = other === undefined || other === text ? undefined : changedPart(text, other);
  const verb: Span = {
    from: 0,
    to: changed === undefined ? first : Math.min(first, changed.from),
    className: verbClass(text),
  };
  return markedRows(text, columns, [verb, ...(changed === undefined ? [] : [{ ...changed, className: "changed" }])]);
}

function verbClass(text: string): string {
  return /^[45]\d\d\b/.test(text) ? "no" : "verb";
}

function drawnConnection({ side, towards, isRefused, text }: ConnectionRow, frame: Frame): DrawnRow {
  const { left, middle, right, letter } = frame;
  const rows = wrapped(text, laneColumns(frame)).map(escapeXml);
  const textHeight = rows.length * letter.lineHeight;
  const [peer, gateway] = side === "client" ? [left, middle] : [right, middle];
  const [from, to] = towards === "gateway" ? [peer, gateway] : [gateway, peer];
  const back = to > from ? -12 : 12;
  return {
    height: textHeight + 12,
    draw: (y) => {
      const bottom = y + textHeight + 4;
      const arrows = isRefused
        ? [arrow(from, to + back, bottom, false), cross(to + back, bottom)]
        : [arrow(from, to, bottom)];
      return group(isRefused ? "refused" : "connection", ...arrows, laneText(frame, side, rows, bottom));
    },
  };
}

/** On the lifeline of the gateway. */
function drawnPill(text: string, className: NoteRow["tone"] | "pinhole" | "ended", frame: Frame): DrawnRow {
  const { middle, label, left, right } = frame;
  const rows = wrapped(text, Math.floor((right - left - 56) / label.advance));
  const columns = Math.max(...rows.map(columnsOf));
  const width = Math.min(columns * label.advance + 28, right - left - 16);
  const height = rows.length * label.lineHeight + 6;
  const isBare = className === "plain" || className === "end";
  const style = {
    size: label.size - 0.5,
    className: className === "end" ? "label strong" : isBare ? "label soft" : "label",
    anchor: "middle",
  } as const;
  return {
    height: height + 10,
    draw: (y) =>
      group(
        className,
        box("pill", middle - width / 2, y + 5, width, height, Math.min(height / 2, 13)),
        ...rows.map((row, index) =>
          textAt(middle, y + 5 + label.size + 3 + index * label.lineHeight, escapeXml(row), style),
        ),
      ),
  };
}

/** A broad arrow from end to end; what broke off has a torn end. */
function drawnData({ towards, isComplete, text, figures }: DataRow, frame: Frame): DrawnRow {
  const { left, right, middle, label } = frame;
  const columns = Math.floor((right - left - 64) / label.boldAdvance);
  const whole = `${text} · ${figures}`;
  const rows = columnsOf(whole) <= columns ? [whole] : [...wrapped(text, columns), ...wrapped(figures, columns)];
  const height = rows.length * label.lineHeight + 10;
  const style = { size: label.size, className: "label strong", anchor: "middle" } as const;
  return {
    height: height + 16,
    draw: (y) =>
      group(
        isComplete ? "data" : "broken",
        `<path ${classed("block")} d="${dataShape(left + 2, right - 2, y + 8, height, towards, isComplete)}"/>`,
        ...rows.map((row, index) =>
          textAt(middle, y + 8 + label.size + 5 + index * label.lineHeight, escapeXml(row), style),
        ),
      ),
  };
}

function dataShape(
  left: number,
  right: number,
  top: number,
  height: number,
  towards: DataRow["towards"],
  isComplete: boolean,
): string {
  const bottom = top + height;
  const half = top + height / 2;
  const quarter = height / 4;
  const end = (x: number, inwards: 1 | -1, isTip: boolean): readonly string[] => {
    if (!isTip) return [`${at(x)} ${at(top)}`, `${at(x)} ${at(bottom)}`];
    if (!isComplete) {
      const torn = [0, 1, 2, 3, 4].map(
        (index) => `${at(x + inwards * (14 + (index % 2) * 9))} ${at(top + index * quarter)}`,
      );
      return torn;
    }
    const neck = x + inwards * (height / 2 + 4);
    return [
      `${at(neck)} ${at(top)}`,
      `${at(neck)} ${at(top - 5)}`,
      `${at(x)} ${at(half)}`,
      `${at(neck)} ${at(bottom + 5)}`,
      `${at(neck)} ${at(bottom)}`,
    ];
  };
  const points = [...end(left, 1, towards !== "server"), ...end(right, -1, towards !== "client").toReversed()];
  return `M${points.join("L")}z`;
}

/** In units of the drawing: it grows with the square root of the time, from a row to a quarter of a screen. */
export function waitHeight(ms: number): number {
  return Math.round(Math.min(170, 24 + 22 * Math.sqrt(ms / 1000)));
}

function drawnWait({ ms, awaited, text }: WaitRow, frame: Frame): DrawnRow {
  const { left, right, middle, label } = frame;
  const height = waitHeight(ms);
  const width = Math.min(columnsOf(text) * label.boldAdvance + 20, right - left - 16);
  const x = { client: left + width / 2 + 10, server: right - width / 2 - 10, data: middle, nobody: middle }[awaited];
  return {
    height,
    draw: (y) => {
      const bars = {
        client: [box("band", left - 5, y + 4, 10, height - 8, 5)],
        server: [box("band", right - 5, y + 4, 10, height - 8, 5)],
        data: [box("band", left + 2, y + 4, right - left - 4, height - 8, 6)],
        nobody: [box("band", left - 5, y + 4, 10, height - 8, 5), box("band", right - 5, y + 4, 10, height - 8, 5)],
      }[awaited];
      const pill = awaited === "data" ? "" : box("band", x - width / 2, y + height / 2 - 11, width, 22, 11);
      const style = { size: label.size - 0.5, className: "label strong", anchor: "middle" } as const;
      const words = textAt(x, y + height / 2 + 4, escapeXml(text), style);
      return group(awaited === "data" ? "wait flowing" : "wait", ...bars, pill, words);
    },
  };
}

/** The hop as a connection that does not arrive, and a card with what failed and what to do. */
function drawnFailure({ hop, cause, sentence, advice }: FailureRow, frame: Frame): DrawnRow {
  const { left, right, middle, label } = frame;
  const columns = Math.floor((right - left - 52) / label.advance);
  const boldColumns = Math.floor((right - left - 52) / label.boldAdvance);
  const title = wrapped(`${hop}: ${cause}`, boldColumns).map((row) => ({ row, className: "label title" }));
  const what = wrapped(sentence, boldColumns).map((row) => ({ row, className: "label strong" }));
  const todo = wrapped(advice, columns).map((row) => ({ row, className: "label soft" }));
  const rows = [...title, ...what, ...todo];
  const height = rows.length * label.lineHeight + 26;
  const [from, to] = hopEnds(hop, frame);
  return {
    height: height + 34,
    draw: (y) => {
      const hopY = y + 14;
      const marker =
        hop === "gateway" ? cross(middle, hopY, 7) : arrow(from, to, hopY, false) + cross((from + to) / 2, hopY, 7);
      const top = y + 28;
      const offset = (index: number): number =>
        index >= title.length + what.length ? 8 : index >= title.length ? 4 : 0;
      return group(
        "failure",
        group("refused", marker),
        box("card", left + 8, top, right - left - 16, height, 8),
        `<path ${classed("edge")} d="M${at(left + 16)} ${at(top)}a8 8 0 0 0-8 8v${at(height - 16)}a8 8 0 0 0 8 8z"/>`,
        ...rows.map(({ row, className }, index) =>
          textAt(left + 28, top + 10 + label.size + offset(index) + index * label.lineHeight, escapeXml(row), {
            size: label.size,
            className,
          }),
        ),
      );
    },
  };
}

function hopEnds(hop: FailureRow["hop"], { left, middle, right }: Frame): readonly [number, number] {
  switch (hop) {
    case "client-control":
    case "client-data-in":
      return [left, middle];
    case "client-data-out":
      return [middle, left];
    case "server-control":
    case "server-data-out":
      return [middle, right];
    case "server-data-in":
      return [right, middle];
    case "gateway":
      return [middle, middle];
  }
}
