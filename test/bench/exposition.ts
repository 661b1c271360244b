// What the bench reads out of a gateway's metrics.

export type Sample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

/** Prometheus' text format, as far as our own gateway writes it. */
export function parseExposition(text: string): Sample[] {
  return [...text.matchAll(/^([a-z_]+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = "", labels = "", value]) => ({
    name,
    labels: Object.fromEntries(
      [...labels.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, label = "", content = ""]) => [label, content]),
    ),
    value: Number(value),
  }));
}

/**
 * The quantile of what a histogram has counted between two readings, estimated as Prometheus does it: evenly spread within
 * its bucket. The last bound for what lies beyond it; undefined where nothing was counted.
 */
export function histogramQuantile(
  before: readonly Sample[],
  after: readonly Sample[],
  name: string,
  quantile: number,
): number | undefined {
  const buckets = (samples: readonly Sample[]): Map<string, number> =>
    new Map(
      samples
        .filter((sample) => sample.name === `${name}_bucket`)
        .map(({ labels, value }) => [labels["le"] ?? "", value]),
    );
  const earlier = buckets(before);
  const counted = [...buckets(after)].map(([bound, count]) => ({
    bound: bound === "+Inf" ? Infinity : Number(bound),
    count: count - (earlier.get(bound) ?? 0),
  }));
  const total = Math.max(0, ...counted.map(({ count }) => count));
  if (total === 0) return undefined;
  const rank = total * quantile;
  let below = { bound: 0, count: 0 };
  for (const bucket of counted.toSorted((a, b) => a.bound - b.bound)) {
    if (bucket.bound === Infinity) break;
    if (bucket.count >= rank) {
      const share = (rank - below.count) / (bucket.count - below.count);
      return below.bound + share * (bucket.bound - below.bound);
    }
    below = bucket;
  }
  return below.bound;
}
