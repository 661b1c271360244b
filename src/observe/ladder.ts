// Ladder: the transcript of a session, drawn for a terminal: three lifelines, what was said between them, and what it was rewritten
// to. A line that is passed on as it came is one arrow from end to end; a rewritten one is two arrows with a text each;
// what only the gateway does or sees stands in the middle.
import { readTranscript, type TranscriptLine } from "./transcript-line.ts";

export type LadderOptions = {
  /** Columns of the drawing: 110 unless told, never less than 40. */
  readonly width?: number;
};

type Heading = "towards-client" | "towards-server";

/** The two lanes between the three lifelines, in columns. */
type Lanes = { readonly left: number; readonly right: number };

/** The rows of one lane, of equal width; the last one carries the arrow. */
type Rows = readonly string[];

/** The drawing, without a newline at its end. */
export function drawLadder(transcript: readonly string[], { width = 110 }: LadderOptions = {}): string {
  const inner = Math.max(width, 40) - 3;
  const lanes: Lanes = { left: Math.floor(inner / 2), right: Math.ceil(inner / 2) };
  const rows = [header(lanes), ...join([""], [""], lanes, "│")];
  const lines: TranscriptLine[] = readTranscript(transcript);
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line.kind === "note") {
      rows.push(...note(line.text, lanes));
      continue;
    }
    const next = lines.findIndex((later) => later.kind !== "note" || !later.isEffect);
    const said = lines[next];
    if (line.kind === "heard" && said?.kind === "said" && said.peer !== line.peer) {
      // What else the gateway does in the same step is drawn below, so that the arrow stays whole.
      lines.splice(next, 1);
      rows.push(...passedOn(line.peer, line.text, said.text, lanes));
    } else {
      rows.push(...oneLane(line.kind, line.peer, line.text, lanes));
    }
  }
  return rows.join("\n");
}

/** From one end to the other: one arrow if it is the same text, else two. */
function passedOn(from: "C" | "S", heard: string, said: string, lanes: Lanes): string[] {
  const heading: Heading = from === "C" ? "towards-server" : "towards-client";
  const isSame = heard === said;
  if (from === "C") {
    const left = arrow(heard, lanes.left, heading, isSame ? "start" : "whole");
    const right = isSame ? [arrowEnd(lanes.right, heading)] : arrow(said, lanes.right, heading, "whole");
    return join(left, right, lanes, isSame ? "┼" : "│");
  }
  const right = arrow(heard, lanes.right, heading, isSame ? "start" : "whole");
  const left = isSame ? [arrowEnd(lanes.left, heading)] : arrow(said, lanes.left, heading, "whole");
  return join(left, right, lanes, isSame ? "┼" : "│");
}

/** Between the gateway and one peer. */
function oneLane(kind: "heard" | "said", peer: "C" | "S", text: string, lanes: Lanes): string[] {
  const heading: Heading = (kind === "heard") === (peer === "C") ? "towards-server" : "towards-client";
  return peer === "C"
    ? join(arrow(text, lanes.left, heading, "whole"), [""], lanes, "│")
    : join([""], arrow(text, lanes.right, heading, "whole"), lanes, "│");
}

/**
 * `── text ─────▶` or `◀── text ─────` over the whole width; a text that is too long takes rows above the arrow.
 * The `start` of a longer arrow towards the server, and of one towards the client, has no head.
 */
function arrow(text: string, width: number, heading: Heading, part: "whole" | "start"): Rows {
  const rows = wrap(text, width - 6);
  const last = rows.pop() ?? "";
  const head = part === "start" ? "─" : heading === "towards-server" ? "▶" : "◀";
  const lead = heading === "towards-client" ? `${head}──` : "──";
  const words = last === "" ? lead : `${lead} ${last} `;
  const shaft = heading === "towards-server" ? `${words.padEnd(width - 1, "─")}${head}` : words.padEnd(width, "─");
  return [...rows.map((row) => `${" ".repeat(lead.length + 1)}${row}`.padEnd(width)), shaft];
}

function arrowEnd(width: number, heading: Heading): string {
  return heading === "towards-server" ? "▶".padStart(width, "─") : "◀".padEnd(width, "─");
}

/** Both lanes side by side, their last rows in one line. Only there the gateway's lifeline may be crossed. */
function join(left: Rows, right: Rows, lanes: Lanes, crossing: "│" | "┼"): string[] {
  const height = Math.max(left.length, right.length);
  return Array.from({ length: height }, (_, row) => {
    const leftRow = left[row - height + left.length] ?? "";
    const rightRow = right[row - height + right.length] ?? "";
    const middle = row === height - 1 ? crossing : "│";
    return `│${leftRow.padEnd(lanes.left)}${middle}${rightRow.padEnd(lanes.right)}│`;
  });
}

/** In place of the gateway's lifeline, between those of client and server. */
function note(text: string, lanes: Lanes): string[] {
  const inner = lanes.left + 1 + lanes.right;
  return wrap(text, inner - 4).map((row) => {
    const start = Math.max(1, lanes.left - Math.floor(row.length / 2));
    return `│${" ".repeat(start)}${row}`.padEnd(inner + 1).concat("│");
  });
}

function header(lanes: Lanes): string {
  const gateway = "gateway";
  const start = lanes.left + 1 - Math.floor(gateway.length / 2);
  const left = "client".padEnd(start) + gateway;
  return left + "server".padStart(lanes.left + lanes.right + 3 - left.length);
}

/** Rows of at most `width` characters, broken at spaces where there are any. */
function wrap(text: string, width: number): string[] {
  const rows: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(" ", width);
    rows.push(rest.slice(0, space > 0 ? space : width));
    rest = rest.slice(space > 0 ? space + 1 : width);
  }
  return [...rows, rest];
}
