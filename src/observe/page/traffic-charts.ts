// Traffic charts: four numbers of now, each above its last hour.
import type { StatusAnswer } from "../api/schemas.ts";
import { chart, spanOf, type ChartOptions, type ChartPoint } from "./chart.ts";
import { html, type Html, type HtmlValue } from "./html.ts";
import { seriesMs, thinned, type TrafficPoint } from "./traffic-series.ts";
import { bytesText, countText, numberText, rateText } from "./words.ts";

/** What a chart can show. */
const mostPoints = 120;

/** `at`: now, in monotonic milliseconds, as those of the points. */
export type Traffic = {
  readonly traffic: readonly TrafficPoint[];
  readonly at: number;
  readonly failedLastHour: number;
};

export function trafficCharts({ traffic: points, at: now, failedLastHour }: Traffic, status: StatusAnswer): Html {
  const hour = points.filter(({ at }) => now - at < seriesMs);
  const last = hour.at(-1);
  const spanMs = spanOf(now - (hour[0]?.at ?? now));
  const values = (of: (point: TrafficPoint) => readonly number[]): ChartPoint[] =>
    thinned(hour, mostPoints).map((point) => ({ agoMs: now - point.at, values: of(point) }));
  const sessions = sum(status, ({ sessions: open }) => open);
  const limit = sum(status, ({ sessionsLimit }) => sessionsLimit);
  const total = (of: "bytesUp" | "bytesDown"): string => bytesText(sum(status, ({ totals }) => totals[of]));
  return html`<section class="tiles" id="traffic" aria-label="Traffic of the last hour">
    ${tile(
      "Sessions",
      numberText(sessions),
      html`open, of ${numberText(limit)} at most`,
      values((point) => [point.sessions]),
      { label: chartLabel("Open sessions", sessions, hour, "sessions", numberText), ...plain("open"), spanMs },
    )}
    ${tile(
      "New sessions",
      html`${numberText(last?.startedPerSecond ?? 0)}`,
      "per second",
      values((point) => [point.startedPerSecond]),
      {
        label: chartLabel("New sessions per second", last?.startedPerSecond ?? 0, hour, "startedPerSecond", numberText),
        ...plain("per second"),
        spanMs,
      },
    )}
    ${tile(
      "Data",
      html`<span class="down">↓ ${rateText(last?.bytesDownPerSecond ?? 0)}</span>
        <span class="up">↑ ${rateText(last?.bytesUpPerSecond ?? 0)}</span>`,
      html`${total("bytesDown")} down, ${total("bytesUp")} up since the start`,
      values((point) => [point.bytesDownPerSecond, point.bytesUpPerSecond]),
      {
        label: chartLabel(
          "Bytes per second downwards",
          last?.bytesDownPerSecond ?? 0,
          hour,
          "bytesDownPerSecond",
          rateText,
        ),
        format: rateText,
        series: ["down", "up"],
        spanMs,
        names: ["\u2193 ", "\u2191 "],
        kind: "area",
      },
    )}
    ${tile("Failures", numberText(failedLastHour), "in the last hour", byMinute(values((point) => [point.failures])), {
      label: `Failures in the last hour: ${failedLastHour}`,
      format: (value) => countText(value, "failure"),
      spanMs,
      series: ["failures"],
      names: [""],
      kind: "bars",
    })}
  </section>`;
}

function tile(
  heading: string,
  value: HtmlValue,
  note: HtmlValue,
  points: readonly ChartPoint[],
  options: ChartOptions,
): Html {
  return html`<figure class="tile">
    <figcaption>
      <h2>${heading}</h2>
      <p class="value">${value}</p>
      <p class="sub">${note}</p>
    </figcaption>
    ${chart(points, options)}
  </figure>`;
}

const plain = (unit: string): Pick<ChartOptions, "format" | "series" | "names" | "kind"> => ({
  format: (value) => `${numberText(value)} ${unit}`,
  series: ["down"],
  names: [""],
  kind: "area",
});

function chartLabel(
  what: string,
  now: number,
  points: readonly TrafficPoint[],
  name: keyof TrafficPoint,
  format: (value: number) => string,
): string {
  const largest = Math.max(now, ...points.map((point) => point[name]));
  return `${what}: now ${format(now)}, in the last hour at most ${format(largest)}`;
}

const minuteMs = 60_000;

/** What few points have is seen in minutes. */
function byMinute(points: readonly ChartPoint[]): ChartPoint[] {
  const minutes = new Map<number, number>();
  for (const { agoMs, values } of points) {
    const minute = Math.floor(agoMs / minuteMs);
    minutes.set(minute, (minutes.get(minute) ?? 0) + (values[0] ?? 0));
  }
  return [...minutes].map(([minute, value]) => ({ agoMs: (minute + 0.5) * minuteMs, values: [value] }));
}

function sum({ gateways }: StatusAnswer, of: (gateway: StatusAnswer["gateways"][number]) => number): number {
  return gateways.reduce((total, gateway) => total + of(gateway), 0);
}
