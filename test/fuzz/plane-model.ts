// Data plane of fuzz tests: what it may report of a pinhole at a moment, as the contract has it (dataplane/pinhole.ts).
import { openRefusals, planeNames, type PinholeEvent, type PinholeOutcome } from "../../src/dataplane/pinhole.ts";
import type { SessionEffect, SessionEvent } from "../../src/session/events.ts";

type Open = Extract<SessionEffect, { kind: "open" }>;

export type ModelPinhole = {
  readonly id: number;
  readonly request: Open;
  stage: "opening" | "open" | "joined" | "delivered" | "closed";
  isReleased: boolean;
};

export type PlaneModel = Map<number, ModelPinhole>;

const counts = { bytesUp: 3, bytesDown: 5, durationMs: 2 };
const beforeData: readonly PinholeOutcome[] = [
  "expired",
  "client-unreachable",
  "server-unreachable",
  "stalled",
  "client-reset",
];
const duringData: readonly PinholeOutcome[] = [
  "complete",
  "complete",
  "complete",
  "client-reset",
  "server-reset",
  "stalled",
];

/** The ports that the model opens for a pinhole: `clientPort` for the client to connect to, `serverPort` for the server. */
export const clientPort = (id: number): number => 50_000 + (id % 1000);
export const serverPort = (id: number): number => 51_000 + (id % 1000);

/** The events that may come of a pinhole next; none once it is closed. */
export function mayReport(
  pinhole: ModelPinhole,
  addresses: { client: string; server: string },
): readonly PinholeEvent[] {
  const { stage, isReleased } = pinhole;
  switch (stage) {
    case "opening":
      return [opened(pinhole, addresses), opened(pinhole, addresses), opened(pinhole, addresses), ...refusals];
    case "open":
      if (isReleased) return [closed("released"), closed("aborted")];
      return [
        { kind: "joined" },
        { kind: "joined" },
        { kind: "joined" },
        ...asides(pinhole),
        ...beforeData.map(closed),
      ];
    case "joined":
      return isReleased
        ? [closed("aborted")]
        : [{ kind: "delivered" }, { kind: "delivered" }, ...duringData.map(closed)];
    case "delivered":
      return isReleased ? [closed("aborted"), closed("complete")] : duringData.map(closed);
    case "closed":
      return [];
  }
}

/** Notes in the model what has been reported. */
export function reported(pinhole: ModelPinhole, { kind }: PinholeEvent): void {
  if (kind === "opened") pinhole.stage = "open";
  else if (kind === "joined" || kind === "delivered") pinhole.stage = kind;
  else if (kind === "closed" || kind === "refused") pinhole.stage = "closed";
}

/** What the data plane may report next, of any pinhole. */
export function planeEvents(model: PlaneModel, addresses: { client: string; server: string }): SessionEvent[] {
  return [...model.values()].flatMap((pinhole) =>
    mayReport(pinhole, addresses).map((event): SessionEvent => ({ kind: "pinhole", id: pinhole.id, event })),
  );
}

function opened({ id, request }: ModelPinhole, { client, server }: { client: string; server: string }): PinholeEvent {
  return {
    kind: "opened",
    plane: planeNames[id % planeNames.length] ?? "relay",
    ...(request.client.kind === "listen" ? { client: { address: client, port: clientPort(id) } } : {}),
    ...(request.server.kind === "listen" ? { server: { address: server, port: serverPort(id) } } : {}),
  };
}

const refusals = openRefusals.map((reason): PinholeEvent => ({ kind: "refused", reason, detail: "x" }));

function asides({ request }: ModelPinhole): readonly PinholeEvent[] {
  const from = { address: "192.168.1.100", port: 40000 };
  const events: PinholeEvent[] = [];
  for (const side of ["client", "server"] as const) {
    if (request[side].kind === "listen")
      events.push({ kind: "stranger", side, from }, { kind: "admitted", side, from });
    else events.push({ kind: "other-source-port", side, wanted: 20, detail: "EADDRINUSE" });
  }
  return events;
}

function closed(outcome: PinholeOutcome): PinholeEvent {
  return { kind: "closed", outcome, ...counts };
}
