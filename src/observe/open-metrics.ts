// OpenMetrics: the exposition in that format, with exemplars. prom-client writes it too, but only on a registry that is never read in
// the older format, and from histograms of its own alone.
import type { Registry } from "prom-client";
import type { Exemplar } from "./seconds-histogram.ts";

export const openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Family = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>[number];
type Value = Family["values"][number] & { readonly metricName?: string; readonly exemplar?: Exemplar | null };

/** A counter's family has its name without `_total`; the end is marked. */
export async function formatOpenMetrics(registry: Pick<Registry, "getMetricsAsJSON">): Promise<string> {
  const families = await registry.getMetricsAsJSON();
  return `${families.flatMap(formatFamily).join("\n")}\n# EOF\n`;
}

function formatFamily({ name, help, type, values }: Family): string[] {
  const kind = String(type);
  const family = kind === "counter" ? name.replace(/_total$/, "") : name;
  const lines = [`# TYPE ${family} ${kind}`, `# HELP ${family} ${escape(help)}`];
  for (const value of values as readonly Value[]) lines.push(formatValue(name, value));
  return lines;
}

function formatValue(name: string, { metricName = name, labels, value, exemplar }: Value): string {
  const line = `${metricName}${formatLabels(labels)} ${formatNumber(value)}`;
  // prom-client's own histograms have null there, as that of garbage collections.
  if (exemplar === undefined || exemplar === null) return line;
  const { session, seconds, at } = exemplar;
  return `${line} # ${formatLabels({ session })} ${formatNumber(seconds)} ${at.toFixed(3)}`;
}

function formatLabels(labels: Value["labels"]): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escape(String(value))}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function formatNumber(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
