// Session record: what is known of one session beside its transcript, as raw values; what is made of them when somebody looks is
// session-answer.ts. It grows by what a session does once or once for each data connection, never by the line.
import type { ByteCounts, PinholeEvent, Side } from "../dataplane/pinhole.ts";
import { connectionBytes, isOver, sizeOfConnection, type ConnectionRecord } from "./connection-record.ts";
import { parseCommand, transferDirection } from "../ftp/command.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { Diagnosis } from "../session/diagnosis.ts";
import type { SessionEffect, SessionEvent } from "../session/events.ts";
import type { Fact, TlsStarted } from "../session/facts.ts";
import type { EndReason, RefusalReason } from "../session/reasons.ts";

/** Moments are monotonic milliseconds. */
export type SessionRecord = {
  readonly id: string;
  readonly gateway: string;
  readonly client: Endpoint;
  readonly listener: Endpoint;
  readonly startedAt: number;
  server: Endpoint | undefined;
  /** As the client typed it, without what follows a colon; of a login that the server has accepted, else of the last that it refused. */
  user: string | undefined;
  isLoggedIn: boolean;
  /** The client's last TYPE was I or L. */
  isBinary: boolean;
  end: { readonly at: number; readonly reason: EndReason; readonly detail: string } | undefined;
  failure: Diagnosis | undefined;
  /** When that was found. */
  failedAt: number | undefined;
  refusals: number;
  /** Of the control connections that are under TLS. */
  tls: Readonly<Partial<Record<Side, ControlTls>>>;
  /** TLS has passed through: whether it does still, and the bytes of both control connections under it. */
  opaque: { readonly isNow: boolean; readonly bytesUp: number; readonly bytesDown: number } | undefined;
  /** The data connections that are kept, in the order in which they were asked for. */
  connections: ConnectionRecord[];
  /** So many older ones are not kept any more. */
  connectionsLeftOut: number;
  /** Of all transfers that have ended. */
  transfers: number;
  bytesUp: number;
  bytesDown: number;
  /** The data connection that the next transfer command uses. */
  unused: ConnectionRecord | undefined;
};

/** `name`, `peer`: as of the fact. */
export type ControlTls = Pick<TlsStarted, "version" | "cipher" | "resumed" | "name" | "peer">;

/** What in a step is worth telling at once. */
export type SessionNews =
  | { readonly kind: "transfer-started" | "transfer-ended"; readonly connection: ConnectionRecord }
  | { readonly kind: "failure"; readonly diagnosis: Diagnosis }
  | { readonly kind: "refusal"; readonly reason: RefusalReason; readonly detail: string };

export type SessionStart = Pick<SessionRecord, "id" | "gateway" | "client" | "listener">;

/** What a record takes of memory beside what peers have chosen; an estimate, rounded up. */
const recordBytes = 1024;

/** Of all of a record but its data connections, which are counted as they come. */
export function sizeOfRecord({ user = "", end, failure }: SessionRecord): number {
  return recordBytes + user.length + (end?.detail.length ?? 0) + (failure === undefined ? 0 : recordBytes);
}

export function createSessionRecord(start: SessionStart): SessionRecord {
  return {
    ...start,
    startedAt: performance.now(),
    server: undefined,
    user: undefined,
    isLoggedIn: false,
    isBinary: false,
    end: undefined,
    failure: undefined,
    failedAt: undefined,
    refusals: 0,
    tls: {},
    opaque: undefined,
    connections: [],
    connectionsLeftOut: 0,
    transfers: 0,
    bytesUp: 0,
    bytesDown: 0,
    unused: undefined,
  };
}

/** Adds what a step tells, in which there are no secrets. Returns how many bytes of memory that has taken. */
export function addStep(
  record: SessionRecord,
  { at, event, effects }: Step,
  tell: (news: SessionNews) => void,
): number {
  let bytes = 0;
  if (event?.kind === "pinhole") pinholeReported(record, at, event.id, event.event, tell);
  else if (event?.kind === "client-line") typeSaid(record, event.text);
  else if (event?.kind === "opaque-moved") opaqueMoved(record, event);
  for (const effect of effects) {
    if (effect.kind === "to-server") {
      if (record.unused !== undefined) bytes += commandSent(record, record.unused, effect.bytes, tell);
    } else if (effect.kind === "open") {
      open(record, at, effect);
      bytes += connectionBytes;
    } else if (effect.kind === "record") factRecorded(record, at, effect.fact, tell);
  }
  return bytes;
}

type Step = {
  readonly at: number;
  readonly event: SessionEvent | undefined;
  readonly effects: readonly SessionEffect[];
};

/** Forgets the oldest data connection that has come to its end. Returns the bytes that this sets free: 0 if there is none. */
export function leaveOutConnection(record: SessionRecord): number {
  const oldest = record.connections.find(isOver);
  if (oldest === undefined) return 0;
  record.connections.splice(record.connections.indexOf(oldest), 1);
  record.connectionsLeftOut += 1;
  return sizeOfConnection(oldest);
}

/** `TYPE A`, `TYPE I`, `TYPE L 8`; after REIN it is that of a new session. */
function typeSaid(record: SessionRecord, line: string): void {
  const said = /^(?:TYPE +([A-Z])|REIN)/i.exec(line);
  if (said !== null) record.isBinary = /[IL]/i.test(said[1] ?? "");
}

function opaqueMoved(record: SessionRecord, moved: Pick<ByteCounts, "bytesUp" | "bytesDown">): void {
  const { bytesUp, bytesDown } = record.opaque ?? nothingMoved;
  record.opaque = { isNow: true, bytesUp: bytesUp + moved.bytesUp, bytesDown: bytesDown + moved.bytesDown };
}

const nothingMoved = { bytesUp: 0, bytesDown: 0 };

function open(record: SessionRecord, at: number, { id, client, server }: Open): void {
  const connection: ConnectionRecord = {
    id,
    requestedAt: at,
    legs: { client, server },
    plane: undefined,
    listening: {},
    tls: {},
    clientMode: undefined,
    serverMode: undefined,
    verb: "",
    path: "",
    direction: "unknown",
    joinedAt: undefined,
    closed: undefined,
    outcome: undefined,
    detail: undefined,
    sample: undefined,
  };
  record.connections.push(connection);
  record.unused = connection;
}

type Open = Extract<SessionEffect, { kind: "open" }>;

/** A transfer command takes the data connection that was asked for last. Returns the bytes that its path takes. */
function commandSent(
  record: SessionRecord,
  unused: ConnectionRecord,
  bytes: string,
  tell: (news: SessionNews) => void,
): number {
  const { verb = "", argument = "" } = parseCommand(bytes.replace(/\r\n$/, "")) ?? {};
  const direction = transferDirection(verb);
  if (direction === undefined) return 0;
  Object.assign(unused, { verb, direction, path: argument });
  record.unused = undefined;
  if (unused.joinedAt !== undefined) tell({ kind: "transfer-started", connection: unused });
  return argument.length;
}

function pinholeReported(
  record: SessionRecord,
  at: number,
  id: number,
  event: PinholeEvent,
  tell: (news: SessionNews) => void,
): void {
  const connection = record.connections.findLast((known) => known.id === id);
  if (connection === undefined) return;
  switch (event.kind) {
    case "opened": {
      const { plane, client, server } = event;
      Object.assign(connection, { plane, listening: { ...(client && { client }), ...(server && { server }) } });
      break;
    }
    case "joined":
      connection.joinedAt = at;
      if (connection.verb !== "") tell({ kind: "transfer-started", connection });
      break;
    case "refused":
      connection.closed = { at, bytesUp: 0, bytesDown: 0, durationMs: 0 };
      connection.detail = event.detail;
      forget(record, connection);
      break;
    case "closed": {
      const { bytesUp, bytesDown, durationMs } = event;
      connection.closed = { at, bytesUp, bytesDown, durationMs };
      connection.detail = event.detail;
      record.bytesUp += bytesUp;
      record.bytesDown += bytesDown;
      break;
    }
    case "secured":
      connection.tls = { ...connection.tls, [event.side]: event.version };
      break;
    case "stranger":
    case "admitted":
    case "no-close-notify":
    case "reached":
    case "other-source-port":
    case "delivered":
      break;
  }
}

function forget(record: SessionRecord, connection: ConnectionRecord): void {
  if (record.unused === connection) record.unused = undefined;
}

function factRecorded(record: SessionRecord, at: number, fact: Fact, tell: (news: SessionNews) => void): void {
  switch (fact.kind) {
    case "server-connected":
      record.server = fact.peer;
      break;
    case "logged-in":
      record.user = ownText(fact.user);
      record.isLoggedIn = true;
      break;
    case "login-failed":
      if (!record.isLoggedIn) record.user = ownText(fact.user);
      break;
    case "translated":
      Object.assign(record.unused ?? {}, { clientMode: fact.from, serverMode: fact.to });
      break;
    case "transfer-ended": {
      const connection = record.connections.findLast(({ id }) => id === fact.id);
      if (connection === undefined || !(fact.joined || fact.verb !== "")) break;
      const { verb, direction, clientMode, serverMode, outcome } = fact;
      Object.assign(connection, { verb, direction, clientMode, serverMode, outcome });
      record.transfers += 1;
      forget(record, connection);
      tell({ kind: "transfer-ended", connection });
      break;
    }
    case "failure":
      record.failure ??= fact.diagnosis;
      record.failedAt ??= at;
      tell({ kind: "failure", diagnosis: fact.diagnosis });
      break;
    case "refusal":
      record.refusals += 1;
      tell({ kind: "refusal", reason: fact.reason, detail: fact.detail });
      break;
    case "opaque":
    case "opaque-ended":
      record.opaque = { ...nothingMoved, ...record.opaque, isNow: fact.kind === "opaque" };
      // Who that was before is nobody now, and who is can't be seen.
      if (fact.kind === "opaque") Object.assign(record, { user: undefined, isLoggedIn: false });
      break;
    case "ended":
      record.end = { at, reason: fact.reason, detail: ownText(fact.detail) };
      break;
    case "tls-started":
      if (fact.connection === "control") record.tls = { ...record.tls, [fact.side]: controlTls(fact) };
      break;
    case "tls-ended": {
      const { client: _, ...others } = record.tls;
      record.tls = others;
      break;
    }
    case "tls-failed":
    case "command":
    case "reply":
    case "quirk":
    case "server-rejects":
    case "transfer-started":
      break;
  }
}

function controlTls({ version, cipher, resumed, name, peer }: TlsStarted): ControlTls {
  return { version, cipher, resumed, ...(name !== undefined && { name }), ...(peer !== undefined && { peer }) };
}

/** A part of a line holds all of it in memory, but for a short one. */
function ownText(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, "latin1").toString("latin1");
}
