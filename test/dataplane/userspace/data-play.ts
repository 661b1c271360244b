// Plays a transcript against stepDataConnection(): a line at the margin is an input, an indented line an expected ask, and nothing
// unlisted may happen. A failure prints a diff of the dialogue.
import { expect } from "vitest";
import type { Endpoint } from "../../../src/net/endpoint.ts";
import type { Side } from "../../../src/dataplane/pinhole.ts";
import {
  type DataConnection,
  startDataConnection,
  stepDataConnection,
} from "../../../src/dataplane/userspace/data-connection.ts";
import type { DataAsk, DataInput } from "../../../src/dataplane/userspace/data-events.ts";

/** Which sides listen. */
export const modes = {
  passive: ["client"],
  active: ["server"],
  bothListen: ["client", "server"],
  bothDial: [],
} as const satisfies Record<string, readonly Side[]>;
export type Mode = keyof typeof modes;

export const start = (mode: Mode): DataConnection =>
  startDataConnection("relay", { expiryMs: 20_000, stallMs: 30_000 }, modes[mode]);

const at = (text = "") => text.split(":");
const endpoint = (text?: string): Endpoint => ({ address: at(text)[0] ?? "", port: Number(at(text)[1]) });

/** The words of an input line: a kind, a side, what else belongs to it. */
function inputOf(line: string): DataInput {
  const [first = "", second = "", ...rest] = line.trim().split(" ");
  const side = first as Side;
  switch (second) {
    case "listening":
      return { kind: "listening", side, endpoint: endpoint(rest[0]) };
    case "admitted":
    case "stranger":
      return { kind: second, side, from: endpoint(rest[0]) };
    case "connected":
      return {
        kind: "connected",
        side,
        otherPort: rest[0] === undefined ? undefined : { wanted: Number(rest[0]), detail: "in use" },
      };
    case "failed":
    case "reset-at-once":
      return { kind: "failed", side, wasReached: second === "reset-at-once", detail: rest.join(" ") };
  }
  switch (first) {
    case "refused":
      return { kind: "refused", reason: "ports-exhausted", detail: "none" };
    case "broken":
      return { kind: "broken", detail: second };
    case "ended": {
      const [bytesUp = 0, bytesDown = 0] = rest.map(Number);
      const end = second as Extract<DataInput, { kind: "ended" }>["end"];
      return { kind: "ended", end, counts: { bytesUp, bytesDown }, detail: undefined };
    }
    case "linger":
      return { kind: "linger", ms: Number(second) };
    default:
      return { kind: first as "open" };
  }
}

function textOf(ask: DataAsk): string {
  const { kind, ...rest } = ask;
  if (ask.kind === "report") {
    const { kind: event, ...about } = ask.event;
    return `report ${event} ${Object.values(about).map(plain).join(" ")}`.trim();
  }
  return `${kind} ${Object.values(rest).map(plain).join(" ")}`.trim();
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.join("+");
  if (value === undefined) return "-";
  if (typeof value !== "object" || value === null) return `${value as string | number | boolean}`;
  return Object.values(value).join("address" in value ? ":" : "/");
}

export function play(mode: Mode, transcript: string): DataConnection {
  const lines = transcript.split("\n").filter((line) => line.trim() !== "");
  const margin = Math.min(...lines.map((line) => line.search(/\S/)));
  const inputs = lines.filter((line) => line.search(/\S/) === margin).map((line) => line.trim());
  let state = start(mode);
  const happened = inputs.flatMap((line) => {
    const [next, asks] = stepDataConnection(state, inputOf(line));
    state = next;
    return [line, ...asks.map((ask) => `  ${textOf(ask)}`)];
  });
  expect(happened).toEqual(lines.map((line) => line.slice(margin)));
  return state;
}
