// Ladder rows: the drawing of a session before it is drawn, as values. Terminal, Mermaid and SVG show the same rows.
// Texts are bounded, hold nothing unprintable, and are whatever the peers chose else: who draws them escapes them.
import type { PlaneName, Side } from "../../dataplane/pinhole.ts";
import type { Cause, Hop } from "../../session/diagnosis.ts";

export type Ladder = {
  readonly session: string;
  /** Endpoints, as far as they are known. */
  readonly client: string;
  readonly gateway: string;
  readonly server: string | undefined;
  readonly isLive: boolean;
  readonly rows: readonly LadderRow[];
};

/** `atMs`: since the session began. `transfer`: the id of the data connection that this is about. */
export type LadderRow = RowContent & { readonly atMs: number; readonly transfer: number | undefined };

export type RowContent = LineRow | ConnectionRow | PinholeRow | DataRow | NoteRow | WaitRow | FailureRow;

/**
 * A line of the control connection. `client` is its text between client and gateway, `server` that between gateway and server; one of
 * them is missing where the gateway answers, asks or keeps a line itself. `was`: the text that came in earlier in place of this one.
 */
export type LineRow = {
  readonly kind: "line";
  readonly towards: Side;
  readonly client?: string;
  readonly server?: string;
  readonly was?: string;
};

/** A connection between the gateway and one side. `towards`: who is connected to. */
export type ConnectionRow = {
  readonly kind: "connection";
  readonly side: Side;
  readonly towards: Side | "gateway";
  readonly isRefused: boolean;
  readonly text: string;
};

/** `open`: from here on somebody may come. The others end it without a data connection. */
export type PinholeRow = {
  readonly kind: "pinhole";
  readonly id: number;
  readonly state: "open" | "not-opened" | "unused";
  readonly text: string;
};

/** A data connection that has ended. `towards`: whom the data went to, undefined if that is not known. */
export type DataRow = {
  readonly kind: "data";
  readonly id: number;
  readonly towards: Side | undefined;
  readonly isComplete: boolean;
  readonly plane: PlaneName | undefined;
  readonly durationMs: number;
  /** The transfer command, and how much in what time. */
  readonly text: string;
  readonly figures: string;
};

export type NoteRow = {
  readonly kind: "note";
  readonly tone: "plain" | "quirk" | "refusal" | "end";
  readonly text: string;
};

/** Nothing happened for so long. */
export type WaitRow = {
  readonly kind: "wait";
  readonly ms: number;
  readonly awaited: Side | "data" | "nobody";
  readonly text: string;
};

export type FailureRow = {
  readonly kind: "failure";
  readonly hop: Hop;
  readonly cause: Cause;
  readonly sentence: string;
  readonly advice: string;
};

/** Every text of a row, in the order in which it is read. */
export function textsOf(row: RowContent): readonly string[] {
  switch (row.kind) {
    case "line": {
      const halves = row.towards === "server" ? [row.client, row.server] : [row.server, row.client];
      return [...new Set(halves.filter((half) => half !== undefined))];
    }
    case "data":
      return [row.text, row.figures];
    case "failure":
      return [`${row.hop}: ${row.cause}`, row.sentence, row.advice];
    default:
      return [row.text];
  }
}

/** The rows of one transfer, from its negotiation to its final reply; undefined if there are none. */
export function ofTransfer(ladder: Ladder, transfer: number): Ladder | undefined {
  const rows = ladder.rows.filter((row) => row.transfer === transfer);
  return rows.length === 0 ? undefined : { ...ladder, rows };
}
