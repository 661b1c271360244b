// Exposition of a probe: a verdict in the text format of Prometheus, in the manner of its blackbox exporter.
import { escapeUnprintable } from "../observe/unprintable.ts";
import type { ProbeVerdict } from "./probe-verdict.ts";

export function probeExposition({ ok, steps, hops, failure, session }: ProbeVerdict): string {
  const total = steps.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const known = hops.filter(({ state }) => state !== "not-tried");
  const labels = {
    phase: failure?.step ?? "",
    hop: failure?.hop ?? "",
    cause: failure?.cause ?? failure?.problem ?? "",
  };
  return [
    ...gauge("probe_success", "Whether each phase was done.", [[{}, ok ? 1 : 0]]),
    ...gauge("probe_duration_seconds", "The time of all phases.", [[{}, total / 1000]]),
    ...gauge(
      "probe_phase_duration_seconds",
      "The time of each phase that was begun.",
      steps.map(({ name, durationMs }) => [{ phase: name }, durationMs / 1000]),
    ),
    ...gauge(
      "probe_hop_ok",
      "Whether the hop is ok, of those of which it is known.",
      known.map(({ hop, state }) => [{ hop }, state === "ok" ? 1 : 0]),
    ),
    ...(failure === undefined ? [] : gauge("probe_failure_info", "What has failed.", [[labels, 1]])),
    ...(session === undefined ? [] : [comment("session", session)]),
    ...(failure === undefined ? [] : [comment("seen", failure.seen)]),
    ...(failure?.sentence === undefined ? [] : [comment("found", failure.sentence)]),
    ...(failure?.advice === undefined ? [] : [comment("what to do", failure.advice)]),
    "",
  ].join("\n");
}

type Labels = Readonly<Record<string, string>>;

/** Values of labels are words of closed sets, which need no escaping. */
function gauge(
  name: string,
  help: string,
  samples: readonly (readonly [labels: Labels, value: number])[],
): readonly string[] {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, word]) => `${label}="${word}"`);
    return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`;
  });
  return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...lines];
}

/** For people who ask by hand; a scraper reads over it. */
function comment(name: string, text: string): string {
  return `# ${name}: ${escapeUnprintable(text)}`;
}
