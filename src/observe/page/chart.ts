// Chart: one or two series over the last minutes as SVG. Axes carry their words outside of it, so that it can take any width.
import { html, type Html } from "./html.ts";
import { durationText } from "./words.ts";

export type ChartPoint = { readonly agoMs: number; readonly values: readonly number[] };

export type ChartOptions = {
  /** For who can't see it. */
  readonly label: string;
  /** The largest value is written above it. */
  readonly format: (value: number) => string;
  /** Class names, one for each value of a point. */
  readonly series: readonly string[];
  /** What stands before each value where a point is pointed at. */
  readonly names: readonly string[];
  readonly kind: "area" | "bars";
  /** How far back it goes. */
  readonly spanMs: number;
};

const width = 360;
const height = 72;

/** A process that has just started has no hour to show. */
export function spanOf(oldestAgoMs: number): number {
  return [4, 10, 30].map((minutes) => minutes * 60_000).find((span) => oldestAgoMs <= span) ?? 3_600_000;
}

/** Between two points that are further apart nothing is known. */
const gapMs = 60_000;

export function chart(points: readonly ChartPoint[], options: ChartOptions): Html {
  const largest = Math.max(0, ...points.flatMap(({ values }) => values));
  const { label, format, series, names, kind, spanMs } = options;
  const x = (agoMs: number): number => width * (1 - agoMs / spanMs);
  const y = (value: number): number => (largest === 0 ? 0 : (value / largest) * (height - 8));
  const drawn = series.map((name, index) => {
    const heights = points.map(({ agoMs, values }) => ({ x: x(agoMs), y: y(values[index] ?? 0), agoMs }));
    return kind === "bars" ? bars(heights, name) : areas(heights, name);
  });
  const readings = points.map(({ agoMs, values }) => [
    rounded(x(agoMs)),
    `${ago(agoMs)}: ${values.map((value, index) => `${names[index] ?? ""}${format(value)}`).join(", ")}`,
  ]);
  return html`<div class="chart">
    <p class="most" aria-hidden="true">${largest > 0 && format(largest)}</p>
    <svg
      viewBox="0 0 ${width} ${height}"
      preserveAspectRatio="none"
      role="img"
      aria-label="${label}"
      data-readings="${JSON.stringify(readings)}"
    >
      <path class="grid" d="M0 ${height - 0.5}H${width}M0 0.5H${width}" />
      ${drawn}
    </svg>
    <p class="axis" aria-hidden="true"><span>${ago(spanMs)}</span><span>${ago(spanMs / 2)}</span><span>now</span></p>
    <output class="reading" aria-hidden="true" hidden></output>
  </div>`;
}

type Height = { readonly x: number; readonly y: number; readonly agoMs: number };

const rounded = (value: number): number => Math.round(value * 10) / 10;

/** A line with what is below it, broken where nothing is known. */
function areas(heights: readonly Height[], name: string): Html {
  const runs: Height[][] = [];
  let previous: Height | undefined;
  for (const point of heights) {
    if (previous === undefined || previous.agoMs - point.agoMs > gapMs) runs.push([]);
    runs.at(-1)?.push(point);
    previous = point;
  }
  return html`${runs.map((run) => {
    const line = run.map((point) => `${rounded(point.x)} ${rounded(height - 1 - point.y)}`).join("L");
    const [first] = run;
    const last = run.at(-1);
    return html`<path
        class="area ${name}"
        d="M${rounded(first?.x ?? 0)} ${height}L${line}L${rounded(last?.x ?? 0)} ${height}Z"
      />
      <path class="line ${name}" d="M${line}" />`;
  })}`;
}

function bars(heights: readonly Height[], name: string): Html {
  const path = heights
    .filter((point) => point.y > 0)
    .map(({ x, y }) => {
      const tall = rounded(Math.max(y, 3));
      return `M${rounded(x - 2.5)} ${height}v${-tall}h4v${tall}`;
    });
  return html`<path class="bars ${name}" d="${path.join("")}" />`;
}

function ago(milliseconds: number): string {
  return milliseconds < 15_000 ? "now" : `${durationText(milliseconds).split(" ")[0]} ago`;
}
