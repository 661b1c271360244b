// The rounds. Within a round each measure is taken with every contender one after the other, beginning with another one each
// time, so that none always follows the same.
import { setTimeout as sleep } from "node:timers/promises";
import { admit, type Candidate, type Contender } from "./contender.ts";
import { measures } from "./measures.ts";
import type { Measure } from "./measuring.ts";
import type { Options } from "./options.ts";
import type { Outcome, Row } from "./row.ts";
import type { Stage } from "./stage.ts";
import { tlsWarmUp } from "./tls-measures.ts";

type Entry = { readonly candidate: Candidate; contender: Contender; isWarm: boolean };

export type Participant = {
  readonly name: string;
  readonly kind: Candidate["kind"];
  readonly title: string;
  /** What is odd about its figures. */
  readonly remark?: string;
};

export type Skipped = { readonly name: string; readonly reason: string };

export type Played = {
  readonly participants: readonly Participant[];
  readonly skipped: readonly Skipped[];
  readonly rows: readonly Row[];
};

/** After so many failures in one measure a contender is not asked again. */
const patience = 2;
const pauseMs = 100;

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function take(
  stage: Stage,
  entry: Entry,
  measure: Measure,
  options: Options,
  say: (line: string) => void,
): Promise<Outcome> {
  try {
    if (measure.fresh === true && entry.contender.process !== undefined) {
      entry.isWarm = false;
      await entry.contender.stop();
      entry.contender = await admit(stage, entry.candidate);
    } else await warmUp(stage, entry, options, say);
    const entrance = entry.contender.entrances[measure.server];
    if (entrance === undefined) throw new Error(`no way to ${measure.server}`);
    return { values: await measure.run(stage, entry.contender, entrance, options) };
  } catch (error) {
    return { failed: message(error) };
  }
}

function isOffered({ withoutVsftpd }: Stage, { contender }: Entry, measure: Measure): boolean {
  const { server, mode, needsProcess } = measure;
  const entrance = contender.entrances[server];
  if (entrance === undefined || (server === "vsftpd" && withoutVsftpd !== undefined)) return false;
  return (
    (mode === undefined || entrance.modes.includes(mode)) && (needsProcess !== true || contender.process !== undefined)
  );
}

async function openAll(
  stage: Stage,
  candidates: readonly Candidate[],
  say: (line: string) => void,
): Promise<{ entries: Entry[]; skipped: Skipped[] }> {
  const entries: Entry[] = [];
  const skipped: Skipped[] = [];
  for (const candidate of candidates) {
    try {
      entries.push({ candidate, contender: await admit(stage, candidate), isWarm: false });
      say(`${candidate.name}: ready`);
    } catch (error) {
      // Without going direct there is nothing to compare with.
      if (candidate.kind === "direct") throw error;
      skipped.push({ name: candidate.name, reason: message(error) });
      say(`${candidate.name}: skipped: ${message(error)}`);
    }
  }
  return { entries, skipped };
}

export async function play(
  stage: Stage,
  candidates: readonly Candidate[],
  options: Options,
  say: (line: string) => void,
): Promise<Played> {
  const { entries, skipped } = await openAll(stage, candidates, say);
  if (stage.withoutVsftpd !== undefined) skipped.push({ name: "vsftpd", reason: stage.withoutVsftpd });
  const rows: Row[] = [];
  const failures = new Map<string, number>();
  try {
    for (let round = 1; round <= options.rounds; round++) {
      for (const measure of measures.filter(({ section }) => options.sections.includes(section))) {
        const shift = round % entries.length;
        for (const entry of [...entries.slice(shift), ...entries.slice(0, shift)]) {
          const { name } = entry.candidate;
          const key = `${measure.name} ${name}`;
          if (!isOffered(stage, entry, measure) || (failures.get(key) ?? 0) >= patience) continue;
          const outcome = await take(stage, entry, measure, options, say);
          rows.push({ round, measure: measure.name, contender: name, ...outcome });
          if ("failed" in outcome) failures.set(key, (failures.get(key) ?? 0) + 1);
          say(`round ${round}, ${measure.name}, ${name}: ${describe(outcome)}`);
          await sleep(pauseMs);
        }
      }
    }
    const participants = await Promise.all(entries.map(describeParticipant));
    return { participants, skipped, rows };
  } finally {
    for (const { contender } of entries.toReversed()) await contender.stop().catch(() => {});
  }
}

const inWarmUp = ["logins, 10 at once", "small files passive", "small files active", "NOOP"];

/** Our own processes serve some of everything first. */
async function warmUp(stage: Stage, entry: Entry, options: Options, say: (line: string) => void): Promise<void> {
  const { candidate, contender, isWarm } = entry;
  const { warmUp: count } = options;
  if (candidate.kind !== "ours" || count === 0 || isWarm) return;
  entry.isWarm = true;
  const few: Options = { ...options, files: count, logins: count, roundTrips: count };
  for (const measure of [...measures.filter(({ name }) => inWarmUp.includes(name)), ...tlsWarmUp]) {
    const entrance = contender.entrances[measure.server];
    if (entrance !== undefined) await measure.run(stage, contender, entrance, few);
  }
  say(`${candidate.name}: warm`);
}

async function describeParticipant({ candidate, contender }: Entry): Promise<Participant> {
  const fault = await contender.fault?.().catch(message);
  const { name, kind } = candidate;
  return { name, kind, title: contender.title, ...(fault === undefined ? {} : { remark: fault }) };
}

function describe(outcome: Outcome): string {
  if ("failed" in outcome) return `failed: ${outcome.failed}`;
  return Object.entries(outcome.values)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(", ");
}
