// Step times: how long a server takes to be reached and to answer, from the moments at which a session took its steps.
import type { SessionEffect, SessionEvent } from "../session/events.ts";
import type { GatewayMetrics } from "./gateway-metrics.ts";

/** `at`: monotonic milliseconds. The event of a step comes before its effects. */
export type StepTimes = {
  happened(at: number, event: SessionEvent["kind"]): void;
  followed(at: number, effect: SessionEffect["kind"]): void;
};

export function createStepTimes(
  metrics: Pick<GatewayMetrics, "controlLatencySeconds" | "serverConnectSeconds">,
  session: string,
): StepTimes {
  /** When something was said to the server that it has not begun to answer; 0 if nothing was. */
  let askedAt = 0;
  let connectingAt = 0;
  return {
    happened(at, event) {
      if (event === "server-line" || event === "server-refused") {
        if (askedAt !== 0) metrics.controlLatencySeconds.observe((at - askedAt) / 1000, session);
        askedAt = 0;
      } else if (event === "connected") {
        metrics.serverConnectSeconds.observe((at - connectingAt) / 1000, session);
      }
    },
    followed(at, effect) {
      if (effect === "to-server") askedAt ||= at;
      else if (effect === "connect") connectingAt = at;
    },
  };
}
