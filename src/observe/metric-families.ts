// Metric families: what several processes have counted, made one exposition. Pure. What each family means decides how its values are
// put together; whatever is not named here is a sum.
import type { Registry } from "prom-client";
import type { Exemplar } from "./seconds-histogram.ts";

/** As the registry of prom-client gives it. */
export type MetricFamily = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>[number];

type Value = MetricFamily["values"][number] & { readonly metricName?: string; readonly exemplar?: Exemplar | null };

type Rule = "sum" | "min" | "max" | "own";

/** `own`: that of the process that supervises, which alone knows or counts it. */
const rules: readonly (readonly [RegExp, Rule])[] = [
  [/^ftp_alg_(build_info|driver_info|config_.*|worker_restarts_total|bans_active|sessions_limit)$/, "own"],
  [/^(process_start_time_seconds|nodejs_version_info)$/, "own"],
  [/^ftp_alg_(certificate_expiry_seconds|server_up|shared_up)$/, "min"],
  [/^ftp_alg_advertise_age_seconds$/, "max"],
  [/^nodejs_eventloop_lag_min_seconds$/, "min"],
  [/^nodejs_eventloop_lag_/, "max"],
];

function ruleOf(name: string): Rule {
  return rules.find(([pattern]) => pattern.test(name))?.[1] ?? "sum";
}

/**
 * `own`: of the process that supervises; `workers`: of those that run. `retired`: what `retire` has kept of those that have gone. A family
 * that the supervisor has and that is its own alone is given as it has it.
 */
export function mergeFamilies(
  own: readonly MetricFamily[],
  workers: readonly (readonly MetricFamily[])[],
  retired: readonly MetricFamily[] = [],
): MetricFamily[] {
  const gateways = new Set(workers.flatMap((families) => families.flatMap(gatewaysOf)));
  const isKnown = ({ labels }: Value): boolean => labels["gateway"] === undefined || gateways.has(labels["gateway"]);
  const left = retired.map((family) => ({ ...family, values: family.values.filter(isKnown) }));
  return mergeByName([own, ...workers, left], (family, fromOwn) => fromOwn || ruleOf(family.name) !== "own");
}

/** What is left of a process that has gone: what it has counted, which never goes back. `before`: of others. */
export function retire(before: readonly MetricFamily[], gone: readonly MetricFamily[]): MetricFamily[] {
  const counted = gone.filter(({ type, name }) => isCounted(String(type)) && ruleOf(name) !== "own");
  return mergeByName([before, counted], () => true);
}

function isCounted(type: string): boolean {
  return type === "counter" || type === "histogram";
}

function gatewaysOf({ values }: MetricFamily): unknown[] {
  return values.flatMap(({ labels }) => (labels["gateway"] === undefined ? [] : [labels["gateway"]]));
}

function mergeByName(
  sources: readonly (readonly MetricFamily[])[],
  counts: (family: MetricFamily, isFirst: boolean) => boolean,
): MetricFamily[] {
  const merged = new Map<string, { readonly family: MetricFamily; readonly values: Map<string, Value> }>();
  for (const [index, families] of sources.entries()) {
    for (const family of families) {
      if (!counts(family, index === 0)) continue;
      let entry = merged.get(family.name);
      if (entry === undefined) merged.set(family.name, (entry = { family, values: new Map() }));
      for (const value of family.values as readonly Value[]) add(entry.values, value, ruleOf(family.name));
    }
  }
  return [...merged.values()].map(({ family, values }) => ({ ...family, values: [...values.values()] }));
}

function add(values: Map<string, Value>, value: Value, rule: Rule): void {
  const { metricName = "", labels } = value;
  const key = JSON.stringify([metricName, ...Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
  const before = values.get(key);
  values.set(key, before === undefined ? value : together(before, value, rule));
}

function together(one: Value, other: Value, rule: Rule): Value {
  const { value: a } = one;
  const { value: b } = other;
  const value = rule === "min" ? Math.min(a, b) : rule === "max" ? Math.max(a, b) : a + b;
  const exemplar = newest(one.exemplar, other.exemplar);
  return { ...one, value, ...(exemplar && { exemplar }) };
}

function newest(one: Exemplar | null | undefined, other: Exemplar | null | undefined): Exemplar | null | undefined {
  if (!one || !other) return one ?? other;
  return one.at >= other.at ? one : other;
}
