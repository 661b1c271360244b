// Moved metrics, what a stretch of work did to them: two scrapes in, the lines that differ out.

/** Of histograms only the counts: the rest depends on the speed of the machine. */
const histogramDetail = /_(bucket|sum)(\{|$)/;
const ours = "ftp_alg_";

/** Samples of the Prometheus text format, by name and labels as written: `ftp_alg_sessions_total{gateway="demo",end="quit"}`. */
export function readSamples(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    const space = line.lastIndexOf(" ");
    if (line.startsWith("#") || space < 0) continue;
    samples.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return samples;
}

/** `name{labels} before → after`, one for each sample of the gateway that is not as it was, in the order of the scrape. */
export function movedMetrics(before: string, after: string): readonly string[] {
  const earlier = readSamples(before);
  const lines: string[] = [];
  for (const [sample, value] of readSamples(after)) {
    const was = earlier.get(sample) ?? 0;
    if (!sample.startsWith(ours) || histogramDetail.test(sample) || Object.is(was, value)) continue;
    lines.push(`${sample} ${was} → ${value}`);
  }
  return lines;
}
