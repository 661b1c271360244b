// What came of played sessions, as Markdown: their marks, totals, operations, and what can't be done directly either.
import type { ClientName } from "./clients/all.ts";
import { markdownTable } from "./markdown-table.ts";
import { faults, type Outcomes } from "./matrix-runner.ts";
import { operationNames, type OperationName } from "./operations.ts";
import type { ServerKind } from "./servers/server.ts";

/** One session of either matrix. */
export type Played = {
  readonly cell: { readonly client: ClientName; readonly server: ServerKind };
  readonly direct: Outcomes;
  readonly outcomes: Outcomes;
  readonly repeated: readonly OperationName[];
};

export type Sessions = readonly Played[];

/**
 * `✓` everything was done, `(✓)` all that works directly was, `✗` something that works directly was not, `✓↻` likewise done,
 * partly in the second attempt because it fails directly too now and then, `–` there is nothing to play.
 */
export function mark(results: Sessions): string {
  if (results.length === 0) return "–";
  if (results.some((result) => faults(result).length > 0)) return "✗";
  if (results.some(({ repeated }) => repeated.length > 0)) return "✓↻";
  return results.every(({ outcomes }) => Object.values(outcomes).every((outcome) => outcome === "ok")) ? "✓" : "(✓)";
}

/** What was asked of the gateway, what it did, and what could not be done without it either. */
export type Totals = {
  readonly asked: number;
  readonly done: number;
  /** Directly neither. */
  readonly impossible: number;
  /** Of those done: what does not work directly. */
  readonly gained: number;
  readonly faults: number;
};

export function totalsOf(results: Sessions, only?: OperationName): Totals {
  const totals = { asked: 0, done: 0, impossible: 0, gained: 0, faults: 0 };
  for (const { direct, outcomes } of results) {
    for (const [operation, outcome] of Object.entries(outcomes) as [OperationName, string][]) {
      if (only !== undefined && operation !== only) continue;
      const [isDone, isDoneDirectly] = [outcome === "ok", direct[operation] === "ok"];
      totals.asked += 1;
      if (isDone) totals.done += 1;
      if (isDone && !isDoneDirectly) totals.gained += 1;
      if (!isDone) totals[isDoneDirectly ? "faults" : "impossible"] += 1;
    }
  }
  return totals;
}

export function operationTable(results: Sessions): string {
  const rows = operationNames.flatMap((operation) => {
    const { asked, done, impossible, gained, faults: failed } = totalsOf(results, operation);
    return asked === 0 ? [] : [[operation, ...[asked, done, gained, impossible, failed].map(String)]];
  });
  const { asked, done, impossible, gained, faults: failed } = totalsOf(results);
  const head = ["operation", "asked", "done", "of these only with the gateway", "directly neither", "failed"];
  return markdownTable(head, [...rows, ["all", ...[asked, done, gained, impossible, failed].map(String)]]);
}

/** `aioftp 0.21.4: latin1 name with curl, lftp` for everything that is not done with the gateway and not without it. */
export function exceptions(results: Sessions, titleOf: (server: ServerKind) => string): string[] {
  const found = new Map<ServerKind, Map<OperationName, Set<ClientName>>>();
  for (const { cell, direct, outcomes } of results) {
    for (const [operation, outcome] of Object.entries(outcomes) as [OperationName, string][]) {
      if (outcome === "ok" || direct[operation] === "ok") continue;
      const byOperation = found.get(cell.server) ?? new Map<OperationName, Set<ClientName>>();
      found.set(cell.server, byOperation);
      byOperation.set(operation, (byOperation.get(operation) ?? new Set<ClientName>()).add(cell.client));
    }
  }
  return [...found].map(([server, byOperation]) => {
    const parts = [...byOperation].map(([operation, names]) => `${operation} with ${[...names].toSorted().join(", ")}`);
    return wrapped(`- ${titleOf(server)}: ${parts.join("; ")}`).replaceAll("\n", "\n  ");
  });
}

export const listed = (title: string, items: readonly string[]): string[] =>
  items.length === 0 ? [] : [title, items.join("\n")];

/** A paragraph in lines as long as this repository has them. */
export const wrapped = (text: string): string => text.replace(/(?=.{129})(.{1,128}) /g, "$1\n");
