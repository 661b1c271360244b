// Transfer rows: the data connections of a session in its ladder: what is told of each, how it ended, and which rows belong to it.
import type { PlaneName } from "../../dataplane/pinhole.ts";
import { maskCommand, parseCommand, transferDirection } from "../../ftp/command.ts";
import type { SessionEffect, SessionEvent } from "../../session/events.ts";
import type { DataRow, RowContent } from "./ladder-rows.ts";
import { bytesText, durationText, rateText } from "./quantities.ts";
import { because, outcomeTexts, pinhole, pinholeRows, type Plan } from "./step-rows.ts";
import { visible } from "./visible-text.ts";

export type TransferRows = {
  /** The transfer that is negotiated or carried. */
  active(): number | undefined;
  /** `carries`: some data connection carries data. `due`: the transfer was asked for, and its data connection is not made. */
  phase(): "carries" | "due" | undefined;
  /** A step begins. */
  step(): void;
  open(effect: Extract<SessionEffect, { kind: "open" }>): void;
  reported(event: Extract<SessionEvent, { kind: "pinhole" }>): readonly RowContent[];
  /** What is said to the peers means something to the transfer. */
  said(effect: Extract<SessionEffect, { kind: "to-client" | "to-server" }>): void;
};

/** One data connection while it is laid out. */
type Connection = {
  readonly id: number;
  readonly plan: Plan | undefined;
  verb: string;
  command: string;
  plane: PlaneName | undefined;
  isJoined: boolean;
  isClosed: boolean;
  isAnswered: boolean;
};

export function createTransferRows(): TransferRows {
  /** Those that are not closed. */
  const connections = new Map<number, Connection>();
  let active: Connection | undefined;

  function add(id: number, plan: Plan | undefined): Connection {
    const flags = { isJoined: false, isClosed: false, isAnswered: false };
    const connection = { ...{ id, plan, verb: "", command: "", plane: undefined }, ...flags };
    connections.set(id, connection);
    return connection;
  }

  return {
    active: () => active?.id,
    phase() {
      const open = [...connections.values()];
      if (open.some(({ isJoined }) => isJoined)) return "carries";
      return open.some(({ verb }) => verb !== "") ? "due" : undefined;
    },
    step() {
      if (active?.isClosed && (active.isAnswered || active.verb === "")) active = undefined;
    },
    open: ({ id, client, server }) => void (active = add(id, { client, server })),
    reported({ id, event }) {
      const connection = connections.get(id) ?? add(id, undefined);
      if (event.kind === "opened") connection.plane = event.plane;
      if (event.kind === "joined") connection.isJoined = true;
      if (event.kind === "closed" || event.kind === "refused") {
        connection.isClosed = true;
        connections.delete(id);
      }
      return event.kind === "closed" ? [endRow(connection, event)] : pinholeRows(id, event, connection.plan);
    },
    said({ kind, bytes }) {
      if (active === undefined) return;
      if (kind === "to-client") {
        active.isAnswered ||= active.verb !== "" && /^[2-5]\d\d /m.test(bytes);
      } else if (active.verb === "") {
        const { verb = "" } = parseCommand(bytes) ?? {};
        if (transferDirection(verb.trimEnd()) === undefined) return;
        active.verb = verb.trimEnd();
        active.command = visible(maskCommand(bytes.trimEnd()));
      }
    },
  };
}

type Closed = Extract<Extract<SessionEvent, { kind: "pinhole" }>["event"], { kind: "closed" }>;

function endRow(connection: Connection, closed: Closed): RowContent {
  const { id, isJoined, command, plane } = connection;
  const { outcome, bytesUp, bytesDown, durationMs, detail } = closed;
  if (!isJoined) return pinhole(id, "unused", `pinhole closed: ${outcomeTexts[outcome]}${because(detail)}`);
  const bytes = bytesUp + bytesDown;
  const isComplete = outcome === "complete";
  const figures = [
    `${bytesText(bytes)} in ${durationText(durationMs)}`,
    rateText(bytes, durationMs) ?? "",
    plane ?? "",
    isComplete ? "" : visible(`${outcomeTexts[outcome]}${because(detail)}`),
  ];
  const text = command === "" ? "data connection" : command;
  const towards = towardsWhom(connection, closed);
  return {
    ...{ kind: "data", id, towards, isComplete, plane, durationMs, text },
    figures: figures.filter((figure) => figure !== "").join(" · "),
  };
}

function towardsWhom({ verb }: Connection, { bytesUp, bytesDown }: Closed): DataRow["towards"] {
  const direction = transferDirection(verb);
  if (direction !== undefined) return direction === "upload" ? "server" : "client";
  if (bytesUp === bytesDown) return undefined;
  return bytesUp > bytesDown ? "server" : "client";
}
