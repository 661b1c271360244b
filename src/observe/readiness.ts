// Readiness: what `/readyz?verbose` says of the parts of the process.
import type { GatewayFacts } from "./api/status-answer.ts";

/** `isGood`: false for what operators should look at; whether the process takes sessions is another question. */
export type Condition = { readonly isGood: boolean; readonly text: string };

export function gatewayConditions(gateways: readonly GatewayFacts[]): readonly Condition[] {
  return gateways.flatMap(({ name, listeners, route: { servers } }) => {
    const listens = listeners.length > 0;
    const listening = { isGood: listens, text: `gateway ${name} ${listens ? "listens" : "does not listen"}` };
    if (servers === undefined) return [listening];
    const up = servers.filter((server) => server.up).length;
    return [
      listening,
      { isGood: up === servers.length, text: `gateway ${name}: ${up} of ${servers.length} servers up` },
    ];
  });
}

/** One line for each, as Kubernetes writes them, and the answer at the end. */
export function formatReadiness(isReady: boolean, conditions: readonly Condition[]): string {
  const lines = conditions.map(({ isGood, text }) => `[${isGood ? "+" : "-"}]${text}`);
  return [...lines, isReady ? "ready" : "not ready", ""].join("\n");
}
