// SVG ladder: the rows of a session as a picture that stands for itself: no script, nothing from elsewhere, text that can be selected.
// Each transfer is a panel with an id (`transfer-1`), so that a page can lead to it.
import type { FailureRow, Ladder, LadderRow } from "./ladder-rows.ts";
import { at, box, classed, escapeXml, frameOf, group, textAt, type Frame } from "./svg-parts.ts";
import { drawnRow, type DrawnRow } from "./svg-rows.ts";
import { ladderStyles } from "./svg-styles.ts";
import { columnsOf } from "../columns.ts";
import { wrapped } from "./visible-text.ts";

export type SvgOptions = {
  /** Of the drawing, whose letters are as big as a page's then: 960 unless told, 320 to 2000. Below 640 it is one for a phone. */
  readonly width?: number;
  /** False where the page that holds it has `ladderStyles`. */
  readonly hasStyles?: boolean;
  /** Before every id, where a page holds more than one. */
  readonly idPrefix?: string;
};

/** A row with its place. */
type Placed = { readonly row: LadderRow; readonly drawn: DrawnRow; readonly y: number };

/** Rows one after the other that belong to the same transfer, or to none. */
type Section = { readonly transfer: number | undefined; readonly rows: Placed[]; readonly y: number; bottom: number };

export function drawSvg(ladder: Ladder, { width = 960, hasStyles = true, idPrefix = "" }: SvgOptions = {}): string {
  const frame = frameOf(Math.min(Math.max(Math.floor(width), 320), 2000));
  const head = header(ladder, frame);
  const sections = place(ladder.rows, frame, head.height + 14);
  const bottom = (sections.at(-1)?.bottom ?? head.height + 14) + 8;
  const height = bottom + (ladder.isLive ? 36 : 26);
  const seen = new Set<number>();
  const parts = [
    box("page", 0, 0, frame.width, height, 0),
    ...sections.map((section) => panel(section, frame)),
    lifelines(sections, frame, head.height, bottom),
    pinholeBars(sections, frame, bottom),
    head.xml,
    ...sections.map((section) => sectionXml(section, frame, anchorOf(section, seen, idPrefix))),
    foot(ladder, frame, bottom),
  ];
  const labelled = `${idPrefix}ladder-title ${idPrefix}ladder-desc`;
  const size = `viewBox="0 0 ${frame.width} ${at(height)}" width="${frame.width}" height="${at(height)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="ftp-ladder" role="img" aria-labelledby="${escapeXml(labelled)}" ${size}>`,
    `<title id="${escapeXml(idPrefix)}ladder-title">${escapeXml(`FTP session ${ladder.session}`)}</title>`,
    `<desc id="${escapeXml(idPrefix)}ladder-desc">${escapeXml(description(ladder))}</desc>`,
    ...(hasStyles ? [`<style>${ladderStyles}</style>`] : []),
    ...parts,
    "</svg>",
  ].join("\n");
}

function description({ client, gateway, server, rows }: Ladder): string {
  const failure = rows.find((row): row is LadderRow & FailureRow => row.kind === "failure");
  const data = rows.filter(({ kind }) => kind === "data").length;
  return [
    `Client ${client}, gateway ${gateway}, server ${server ?? "not connected"}.`,
    `${data} data connection${data === 1 ? "" : "s"}.`,
    ...(failure === undefined ? [] : [`Failed at ${failure.hop}: ${failure.sentence} ${failure.advice}`]),
  ].join(" ");
}

/** The title of a panel takes so much. */
const panelHead = 28;

function place(rows: readonly LadderRow[], frame: Frame, top: number): readonly Section[] {
  const sections: Section[] = [];
  const became = laterTexts(rows);
  let y = top;
  for (const row of rows) {
    let section = sections.at(-1);
    if (section === undefined || section.transfer !== row.transfer) {
      if (section !== undefined) y += section.transfer === undefined && row.transfer === undefined ? 0 : 14;
      section = { transfer: row.transfer, rows: [], y, bottom: y };
      sections.push(section);
      if (row.transfer !== undefined) y += panelHead;
    }
    const drawn = drawnRow(row, frame, became.get(row));
    section.rows.push({ row, drawn, y });
    y += drawn.height;
    section.bottom = y + (row.transfer === undefined ? 0 : 4);
  }
  return sections;
}

/** Of the lines that are not passed on at once: what was said later in place of each. */
function laterTexts(rows: readonly LadderRow[]): ReadonlyMap<LadderRow, string> {
  const texts = new Map<LadderRow, string>();
  /** What was said in place of a line that has not been found yet. */
  const wanted = new Map<string, string>();
  for (const row of rows.toReversed()) {
    if (row.kind !== "line") continue;
    const [heard, said] = row.towards === "server" ? [row.client, row.server] : [row.server, row.client];
    if (row.was !== undefined && said !== undefined) wanted.set(row.was, said);
    if (heard === undefined || said !== undefined) continue;
    const later = wanted.get(heard);
    if (later !== undefined) texts.set(row, later);
    wanted.delete(heard);
  }
  return texts;
}

function panel({ transfer, y, bottom }: Section, { left, right, isNarrow }: Frame): string {
  const margin = isNarrow ? 8 : 14;
  return transfer === undefined ? "" : box("panel", left - margin, y, right - left + 2 * margin, bottom - y + 4, 10);
}

function anchorOf({ transfer }: Section, seen: Set<number>, prefix: string): string {
  if (transfer === undefined || seen.has(transfer)) return "";
  seen.add(transfer);
  return ` id="${escapeXml(prefix)}transfer-${transfer}"`;
}

function sectionXml({ transfer, rows, y }: Section, frame: Frame, id: string): string {
  const { left, label } = frame;
  const title =
    transfer === undefined
      ? ""
      : textAt(left + 12, y + 19, `transfer ${transfer}`, { size: label.size - 1, className: "label strong soft" });
  let shown = "";
  const times = rows.map(({ row, y: top }) => {
    const time = timeText(row.atMs);
    if (frame.isNarrow || row.kind === "wait" || time === shown) return "";
    shown = time;
    return textAt(left - 20, top + 14, time, {
      size: 11,
      className: "soft",
      anchor: "end",
    });
  });
  return `<g${id}>${title}${times.join("")}${rows.map(({ drawn, y: top }) => drawn.draw(top)).join("\n")}</g>`;
}

/** Since the session began: `0.014`, `12.304`, `1:02.1`, `1:01:05`. */
function timeText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return seconds.toFixed(3);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
  return `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
}

/** Dotted where nothing happened. */
function lifelines(sections: readonly Section[], { left, middle, right }: Frame, top: number, bottom: number): string {
  const waits = sections.flatMap(({ rows }) => rows).filter(({ row }) => row.kind === "wait");
  const lines: string[] = [];
  let y = top;
  const segment = (to: number, isWaiting: boolean): void => {
    for (const x of [left, middle, right]) {
      const className = ["life", ...(x === middle ? ["gateway"] : []), ...(isWaiting ? ["waiting"] : [])].join(" ");
      lines.push(`<path ${classed(className)} d="M${at(x)} ${at(y)}V${at(to)}"/>`);
    }
    y = to;
  };
  for (const { y: start, drawn } of waits) {
    segment(start + 2, false);
    segment(start + drawn.height - 2, true);
  }
  segment(bottom, false);
  return lines.join("");
}

/** On the gateway's lifeline, from the opening of each pinhole to its end. */
function pinholeBars(sections: readonly Section[], { middle }: Frame, bottom: number): string {
  const rows = sections.flatMap((section) => section.rows);
  return rows
    .flatMap(({ row, drawn, y }) => {
      if (row.kind !== "pinhole" || row.state !== "open") return [];
      const end = rows.find((later) => later.y > y && isEndOf(later.row, row.id));
      const from = y + drawn.height - 5;
      return [box("bar", middle - 4, from, 8, Math.max(0, (end?.y ?? bottom) + 5 - from), 3)];
    })
    .join("");
}

function isEndOf(row: LadderRow, id: number): boolean {
  return (row.kind === "data" && row.id === id) || (row.kind === "pinhole" && row.id === id && row.state !== "open");
}

function header({ client, gateway, server }: Ladder, frame: Frame): { readonly xml: string; readonly height: number } {
  const { left, middle, right, letter, isNarrow } = frame;
  const [size, padding, margin] = isNarrow ? [9.5, 14, 8] : [12, 24, 14];
  const advance = size * 0.605;
  const most = (right - left + 2 * margin - 12) / 3;
  const columns = Math.max(8, Math.floor((most - padding) / advance));
  const blocks = Object.entries({ client, gateway, server: server ?? "not connected" }).map(([name, endpoint]) => ({
    name,
    rows: wrapped(endpoint, columns),
  }));
  const height = Math.max(...blocks.map(({ rows }) => rows.length)) * letter.lineHeight + 28;
  const xml = blocks.map(({ name, rows }, index) => {
    const width = Math.min(most, Math.max(84, Math.max(...rows.map(columnsOf)) * advance + padding));
    const x = [left - margin, middle - width / 2, right + margin - width][index] ?? 0;
    const anchor = "middle";
    const title = textAt(x + width / 2, 28, name, { size: letter.size - 1, className: "label strong soft", anchor });
    const texts = rows.map((row, line) =>
      textAt(x + width / 2, 45 + line * letter.lineHeight, escapeXml(row), { size, anchor }),
    );
    return box("head", x, 12, width, height, 8) + title + texts.join("");
  });
  return { xml: group("heads", ...xml), height: height + 12 };
}

/** The ends of the lifelines; those of a session that goes on are open. */
function foot({ isLive }: Ladder, { left, middle, right, label }: Frame, bottom: number): string {
  const cap = isLive ? "v14" : "m-7 0h14";
  const className = isLive ? "life waiting" : "life";
  const ends = [left, middle, right].map((x) => `<path ${classed(className)} d="M${at(x)} ${at(bottom)}${cap}"/>`);
  const style = { size: label.size - 1, className: "label soft", anchor: "middle" } as const;
  return ends.join("") + (isLive ? textAt(middle, bottom + 24, "goes on", style) : "");
}
