// Session reader: what the API and the page want to know of sessions, as plain values, wherever these are kept: in this process, or in
// several others.
import type { Endpoint } from "../net/endpoint.ts";
import type { SessionAnswer, SessionDetailAnswer } from "./api/schemas.ts";
import type { ListQuery } from "./api/session-list.ts";
import type { TraceQuery } from "./api/trace-formats.ts";
import type { FailureKind } from "./page/failures.ts";
import type { ShownPinhole } from "./page/pinhole-table.ts";
import type { ShownTransfer } from "./page/transfer-table.ts";

export type SessionReader = {
  overview(): Promise<SessionsOverview>;
  /**
   * Undefined: the session that is named by `before` is not kept any more. `began`: those alone that began before that session of another
   * process.
   */
  list(query: ListQuery, began?: BeganBefore): Promise<SessionList | undefined>;
  detail(id: string): Promise<SessionDetailAnswer | undefined>;
  trace(id: string, query: TraceQuery): Promise<Trace>;
  /** With its ladder as markup; `transfer`: as somebody has typed it, of that one alone. */
  drawn(id: string, transfer: string | undefined): Promise<DrawnSession | undefined>;
  /** The last session of that client at that gateway. */
  lastOf(gateway: string, client: Endpoint): Promise<SessionDetailAnswer | undefined>;
  /** An operator ends it now. */
  end(id: string): Promise<"ended" | "has-ended" | "missing">;
};

/** A moment in ISO 8601. `isInclusive`: those that began in the same millisecond, too. */
export type BeganBefore = { readonly time: string; readonly isInclusive: boolean };

/** `next`: the id from which on there are more. */
export type SessionList = { readonly sessions: readonly SessionAnswer[]; readonly next: string | undefined };

export type Trace = { readonly text: string } | { readonly missing: "session" | "transfer" };

export type DrawnSession = { readonly session: SessionDetailAnswer; readonly ladder: string };

/** A part of what there is, the newest first, and how much there is. */
export type Newest<Item> = { readonly shown: readonly Item[]; readonly all: number };

export type SessionsOverview = {
  readonly failedLastHour: number;
  /** Of each kind one, those that failed last first; and how many have. */
  readonly failed: Newest<FailureKind>;
  readonly live: Newest<SessionAnswer>;
  readonly transfers: Newest<ShownTransfer>;
  readonly pinholes: Newest<ShownPinhole>;
};
