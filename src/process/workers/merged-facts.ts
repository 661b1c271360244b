// Merged facts: what workers say of themselves, as one process would say it. Each knows the same gateways, but for a moment in a reload.
import type { GatewayFacts } from "../../observe/api/status-answer.ts";
import type { Condition } from "../../observe/readiness.ts";
import type { WorkerFacts } from "./protocol.ts";

export function mergeFacts(workers: readonly WorkerFacts[]): WorkerFacts {
  const names = new Set(workers.flatMap(({ gateways }) => gateways.map(({ name }) => name)));
  const sum = (key: keyof WorkerFacts["history"]): number =>
    workers.reduce((total, { history }) => total + history[key], 0);
  return {
    isReady: workers.some(({ isReady }) => isReady),
    history: { live: sum("live"), ended: sum("ended"), failed: sum("failed"), bytes: sum("bytes") },
    gateways: [...names].flatMap((name) => {
      const [first, ...others] = workers.flatMap(({ gateways }) => gateways.filter((one) => one.name === name));
      return first === undefined ? [] : [others.reduce(mergeGateway, first)];
    }),
    conditions: mergeConditions(workers.map(({ conditions }) => conditions)),
  };
}

function mergeGateway(one: GatewayFacts, other: GatewayFacts): GatewayFacts {
  const servers = mergeServers(one.route.servers, other.route.servers);
  const missing = [...(one.missingPlanes ?? []), ...(other.missingPlanes ?? [])];
  return {
    ...one,
    route: { ...one.route, ...(servers && { servers }) },
    missingPlanes: missing.filter((plane, at) => missing.findIndex((earlier) => earlier.plane === plane.plane) === at),
  };
}

type Servers = GatewayFacts["route"]["servers"];

/** A server is up where every worker gives it sessions. */
function mergeServers(ones: Servers, others: Servers): Servers {
  return ones?.map((server) => {
    const same = others?.find(({ name }) => name === server.name);
    if (same === undefined) return server;
    return { ...server, up: server.up && same.up, sessions: server.sessions + same.sessions };
  });
}

/** What is wrong in one worker is worth a look; what is well in all is said once. */
function mergeConditions(all: readonly (readonly Condition[])[]): readonly Condition[] {
  const texts = new Map(all.flat().map((condition) => [condition.text, condition]));
  const bad = [...texts.values()].filter(({ isGood }) => !isGood);
  return bad.length > 0 ? bad : [...texts.values()];
}
