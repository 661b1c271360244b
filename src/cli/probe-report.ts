// Report of `ftp-alg probe`, as people read it and as programs do.
import { formatEndpoint } from "../net/endpoint.ts";
import { escapeUnprintable } from "../observe/unprintable.ts";
import type { ProbeStep } from "../probe/report.ts";
import type { HopState, ProbeVerdict } from "../process/probe-verdict.ts";
import { formatBytes, formatMs } from "./amounts.ts";
import type { TrialResult } from "./probe.ts";
import type { Paint } from "./style.ts";
import { wrapped } from "./wrapped.ts";

export type ReportLook = { readonly width: number | undefined; readonly paint: Paint };

const indent = " ".repeat(6);

export function formatTrial({ gateway, target, login, verdicts }: TrialResult, look: ReportLook): string {
  const { host, port } = target;
  const where = formatEndpoint({ address: host, port });
  const title = `${gateway === undefined ? where : `${gateway} at ${where}`}, as ${login.user}`;
  const lines = verdicts.flatMap((verdict) => ["", ...verdictLines(verdict, look)]);
  return `${[look.paint("bold", escapeUnprintable(title)), ...lines].join("\n")}\n`;
}

function verdictLines(verdict: ProbeVerdict, { width = 80, paint }: ReportLook): readonly string[] {
  const { mode, ok, steps, hops, failure, session, plane, tls } = verdict;
  const total = steps.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const state = ok ? paint("green", "ok    ") : paint("red", "FAILED");
  const done = steps.filter(({ outcome }) => outcome === "ok").map(formatStep);
  const times = done.length === 0 ? formatMs(total) : `${formatMs(total)}: ${done.join(", ")}`;
  const [first = "", ...rest] = wrapped(times, " ".repeat(14), width).map(broken);
  const lines = [`${paint("bold", mode)}  ${state}  ${first.trimStart()}`, ...rest];
  for (const { hop, state: hopState } of hops) lines.push(`${indent}${hop.padEnd(16)}${stateText(hopState, paint)}`);
  const say = (name: string, text: string | undefined): void => {
    if (text !== undefined) lines.push(...wrapped(escapeUnprintable(text), `${indent}${name.padEnd(16)}`, width));
  };
  for (const step of steps) if (step.outcome === "forbidden") say("forbidden", step.sentence);
  if (failure !== undefined) {
    say("seen", `${failure.step}: ${failure.seen}`);
    say("found", failure.sentence);
    say("what to do", failure.advice);
  }
  if (tls !== undefined) say("tls", tls.version);
  const carried = plane === undefined ? "" : `, carried by ${plane}`;
  if (session !== undefined) say("session", `${session}${carried}`);
  return lines;
}

/** Lines are not broken within a step. */
const noBreak = "\u00a0";

function broken(line: string): string {
  return line.replaceAll(noBreak, " ");
}

function formatStep(step: ProbeStep): string {
  const bytes = step.outcome === "ok" && step.bytes !== undefined ? ` (${formatBytes(step.bytes)})` : "";
  return `${step.name} ${formatMs(step.durationMs)}${bytes}`.replaceAll(" ", noBreak);
}

function stateText(state: HopState, paint: Paint): string {
  switch (state) {
    case "ok":
      return paint("green", "ok");
    case "failed":
      return paint("red", "FAILED");
    case "not-tried":
      return paint("dim", "not known");
  }
}

/** For programs: times in milliseconds. */
export function trialJson({ gateway, target, login, verdicts }: TrialResult): object {
  const { host, port } = target;
  return {
    ...(gateway !== undefined && { gateway }),
    connect: formatEndpoint({ address: host, port }),
    user: login.user,
    ok: verdicts.every(({ ok }) => ok),
    modes: verdicts,
  };
}
