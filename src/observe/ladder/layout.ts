// Layout of a ladder: the kept steps of a session → rows. Pure, and the only place that knows what is drawn and in which order; text,
// Mermaid and SVG draw these rows and no others. A session that goes on adds rows and changes none, but for the transfer they belong to.
import { formatEndpoint } from "../../net/endpoint.ts";
import type { SessionEffect, SessionEvent } from "../../session/events.ts";
import type { KeptSession } from "../kept-session.ts";
import type { KeptStep } from "../masked-step.ts";
import type { Ladder, LadderRow, RowContent } from "./ladder-rows.ts";
import { createLinePairs, isLines } from "./line-pairs.ts";
import { effectRow, eventRow, note } from "./step-rows.ts";
import { createTransferRows } from "./transfer-rows.ts";
import { visible } from "./visible-text.ts";
import { createWaits } from "./waits.ts";

/** What is laid out of a kept session. */
export type LadderSource = Pick<KeptSession, "stepsLeftOut"> & {
  readonly steps: readonly LadderStep[];
  readonly record: Pick<
    KeptSession["record"],
    "id" | "gateway" | "client" | "listener" | "server" | "startedAt" | "end"
  >;
};

export type LadderStep = Omit<KeptStep, "bytes">;

/** Characters of a sentence, which quotes peers. */
const mostOfSentence = 1000;

/** Above that, the oldest rows are left out. */
const mostRows = 2000;

export function layOut({ record, steps, stepsLeftOut }: LadderSource): Ladder {
  return {
    session: record.id,
    client: formatEndpoint(record.client),
    gateway: `${record.gateway} ${formatEndpoint(record.listener)}`,
    server: record.server && formatEndpoint(record.server),
    isLive: record.end === undefined,
    rows: bounded(rowsOf(steps, record.startedAt, stepsLeftOut)),
  };
}

function bounded(rows: readonly LadderRow[]): readonly LadderRow[] {
  const leftOut = rows.length - mostRows;
  if (leftOut <= 0) return rows;
  const first: LadderRow = { ...note(`${leftOut} earlier rows are left out`), atMs: 0, transfer: undefined };
  return [first, ...rows.slice(leftOut)];
}

function rowsOf(steps: readonly LadderStep[], startedAt: number, stepsLeftOut: number): readonly LadderRow[] {
  const rows: LadderRow[] = [];
  const transfers = createTransferRows();
  const waits = createWaits();
  const linesAsTold = createLinePairs();
  /** Where the rows of the next transfer begin. */
  let negotiationAt: number | undefined;
  let atMs = 0;
  let shownMs: number | undefined;

  function add(content: RowContent, transfer = transfers.active()): void {
    rows.push({ ...content, atMs, transfer });
  }

  function performed(effect: SessionEffect): void {
    if (effect.kind === "open") {
      transfers.open(effect);
      for (let at = negotiationAt ?? rows.length; at < rows.length; at += 1) {
        rows[at] = { ...(rows[at] as LadderRow), transfer: effect.id };
      }
      negotiationAt = undefined;
      return;
    }
    const row = effectRow(effect);
    if (row !== undefined) add(visibly(row));
  }

  function happened(event: SessionEvent | undefined): void {
    if (event === undefined) return;
    if (event.kind === "pinhole") {
      for (const row of transfers.reported(event)) add(visibly(row), event.id);
      return;
    }
    const row = eventRow(event);
    if (row !== undefined) add(visibly(row));
  }

  function step({ at, event, effects }: LadderStep): void {
    atMs = Math.max(0, at - startedAt);
    transfers.step();
    const before = rows.length;
    const wait = shownMs === undefined ? undefined : waits.row(atMs - shownMs, event, transfers);
    if (wait !== undefined) add(wait);
    const first = rows.length;
    if (event?.kind === "client-line" && announces(event.text)) negotiationAt = first;
    happened(event);
    for (const part of linesAsTold(event, effects)) {
      if (part.kind === "line") add(part);
      else performed(withoutRepetition(part, effects));
    }
    for (const effect of effects) if (isLines(effect)) transfers.said(effect);
    waits.step(event, effects);
    if (rows.length > first) shownMs = atMs;
    else rows.length = before;
  }

  if (stepsLeftOut > 0) add(note(`${stepsLeftOut} earlier steps are not kept any more`));
  for (const one of steps) step(one);
  return rows;
}

/** A refusal, without the detail that the client is told in the same step. */
function withoutRepetition(effect: SessionEffect, effects: readonly SessionEffect[]): SessionEffect {
  if (effect.kind !== "record" || effect.fact.kind !== "refusal") return effect;
  const { fact } = effect;
  const isTold = effects.some((one) => one.kind === "to-client" && one.bytes.includes(fact.detail));
  return isTold ? { ...effect, fact: { ...fact, detail: "" } } : effect;
}

function announces(command: string): boolean {
  return /^\s*(?:PASV|EPSV|PORT|EPRT|LPSV|LPRT)\b/i.test(command);
}

/** Peers have a say in details, and so in sentences. Lines and what is said of data are visible already. */
function visibly(row: RowContent): RowContent {
  if (row.kind === "failure") {
    const { sentence, advice } = row;
    return { ...row, sentence: visible(sentence, mostOfSentence), advice: visible(advice, mostOfSentence) };
  }
  return row.kind === "note" || row.kind === "connection" || row.kind === "pinhole"
    ? { ...row, text: visible(row.text) }
    : row;
}
