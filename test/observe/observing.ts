// What a gateway's telemetry has counted and logged, for tests.
import type { EventFeed } from "../../src/observe/event-feed.ts";
import { createLogger, type LogLevel } from "../../src/observe/log.ts";
import type { Network } from "../../src/net/endpoint.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import type { SessionHistory } from "../../src/observe/session-history.ts";
import type { SessionSource } from "../../src/observe/session-observer.ts";
import { createTelemetry, type GatewayTelemetry } from "../../src/observe/telemetry.ts";
import { readExposition, startSession, type TestSession } from "./synthetic.ts";

type LogLine = Record<string, unknown>;

/** `debugFor`: as of the telemetry; may be changed. */
export function observe(
  level: LogLevel = "debug",
  history?: SessionHistory,
  feed?: EventFeed,
  debugFor: readonly Network[] = [],
) {
  const lines: LogLine[] = [];
  const metrics = createMetrics("1.2.3");
  const logger = createLogger({ level, format: "json" }, (line) => lines.push(JSON.parse(line) as LogLine));
  const telemetry = createTelemetry({
    ...{ metrics, logger, debugFor: () => debugFor },
    ...(history && { history }),
    ...(feed && { feed }),
  });
  const gateway: GatewayTelemetry = telemetry.gateway("public");
  return {
    telemetry,
    gateway,
    lines,
    start: (source?: SessionSource): TestSession => startSession(gateway, source),
    /** The values that are not 0, by the values of their labels without the gateway. */
    counted: async (metric: string): Promise<Record<string, number>> => {
      const own = readExposition(await metrics.text()).samples.filter(
        (sample) => sample.metric === `ftp_alg_${metric}`,
      );
      const moved = own.filter(({ value }) => value !== 0);
      const words = (labels: Record<string, string>) =>
        Object.entries(labels)
          .filter(([label]) => label !== "gateway")
          .map(([, value]) => value);
      return Object.fromEntries(moved.map(({ labels, value }) => [words(labels).join(" "), value]));
    },
    observations: async (metric: string): Promise<number> => {
      const match = new RegExp(`^ftp_alg_${metric}_count\\{gateway="public"\\} (\\d+)$`, "m").exec(
        await metrics.text(),
      );
      return Number(match?.[1]);
    },
    messages: () => lines.map((line) => line["msg"]),
  };
}
