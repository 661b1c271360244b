// Session answer: what the API says of a session, made from its record when somebody asks.
import type { ByteCounts, Side } from "../../dataplane/pinhole.ts";
import { formatEndpoint } from "../../net/endpoint.ts";
import type { Diagnosis } from "../../session/diagnosis.ts";
import type { KeptSession } from "../kept-session.ts";
import { readable } from "../readable.ts";
import { tlsOf } from "../transfer-line.ts";
import { isTransfer, type ConnectionRecord } from "../connection-record.ts";
import type { WallClock } from "../wall-clock.ts";
import type { FailureAnswer, PinholeAnswer, SessionAnswer, SessionDetailAnswer, TransferAnswer } from "./schemas.ts";

/** `now`: monotonic milliseconds. */
export type Asked = { readonly now: number; readonly clock: WallClock };

/** As one of a list. */
export function sessionAnswer(kept: KeptSession, asked: Asked): SessionAnswer {
  const { record } = kept;
  const { id, gateway, client, listener, server, user, isLoggedIn, startedAt, end, failure, failedAt, refusals } =
    record;
  const running = record.connections.filter((one) => isTransfer(one) && one.outcome === undefined);
  const carried = running.map((connection) => bytesOf(kept, connection));
  // What is closed is counted in the record already.
  const carrying = carried.filter((_, index) => running[index]?.closed === undefined);
  return {
    id,
    gateway,
    state: end === undefined ? "live" : "ended",
    client: formatEndpoint(client),
    listener: formatEndpoint(listener),
    ...(server && { server: formatEndpoint(server) }),
    ...(user !== undefined && { user: readable(user) }),
    isLoggedIn,
    startedAt: asked.clock.timeOf(startedAt),
    ...(end && { endedAt: asked.clock.timeOf(end.at), end: { reason: end.reason, detail: end.detail } }),
    durationMs: rounded((end?.at ?? asked.now) - startedAt),
    ...(failure && { failure: failureAnswer(failure) }),
    ...(failedAt !== undefined && { failedAt: asked.clock.timeOf(failedAt) }),
    refusals,
    ...((record.tls.client ?? record.tls.server) && { tls: record.tls }),
    ...(record.opaque && { opaque: record.opaque }),
    transferCount: record.transfers,
    bytesUp: record.bytesUp + sum(carrying.map(({ bytesUp }) => bytesUp)),
    bytesDown: record.bytesDown + sum(carrying.map(({ bytesDown }) => bytesDown)),
    running: end === undefined ? running.map((connection) => transferAnswer(kept, connection, asked)) : [],
  };
}

/** Everything known, but for the trace. */
export function sessionDetailAnswer(kept: KeptSession, asked: Asked): SessionDetailAnswer {
  const { connections, connectionsLeftOut } = kept.record;
  return {
    ...sessionAnswer(kept, asked),
    transfers: connections.filter(isTransfer).map((connection) => transferAnswer(kept, connection, asked)),
    transfersLeftOut: connectionsLeftOut,
    pinholes: connections.flatMap((connection) => pinholeAnswers(connection, asked)),
    stepsLeftOut: kept.stepsLeftOut,
  };
}

/** Without what the client reads of it. */
export function failureAnswer({ hop, cause, sentence, advice }: Diagnosis): FailureAnswer {
  return { hop, cause, sentence, advice };
}

/** What is asked of a session for one of its transfers. */
type Transferring = Pick<KeptSession, "bytesOf" | "steps">;

export function transferAnswer(kept: Transferring, connection: ConnectionRecord, asked: Asked): TransferAnswer {
  const { id, verb, path, direction, plane, clientMode, serverMode, joinedAt, closed, outcome, detail } = connection;
  const { bytesUp, bytesDown } = bytesOf(kept, connection);
  const isRunning = joinedAt !== undefined && closed === undefined;
  const durationMs = closed?.durationMs ?? (joinedAt === undefined ? 0 : Math.max(0, asked.now - joinedAt));
  const bytes = bytesUp + bytesDown;
  const average = durationMs === 0 ? 0 : (bytes * 1000) / durationMs;
  const sizeBytes = isRunning ? announcedSize(kept, connection) : undefined;
  return {
    id,
    verb,
    path: readable(path),
    direction,
    state: outcome !== undefined ? "ended" : joinedAt === undefined ? "waiting" : "running",
    ...(plane && { plane }),
    ...(clientMode && { clientMode }),
    ...(serverMode && { serverMode }),
    ...tlsOf(connection.tls),
    ...(joinedAt !== undefined && { startedAt: asked.clock.timeOf(joinedAt) }),
    ...(closed !== undefined && { endedAt: asked.clock.timeOf(closed.at) }),
    durationMs: rounded(durationMs),
    bytesUp,
    bytesDown,
    bytesPerSecond: Math.round(isRunning ? lateRate(connection, bytes, average, asked.now) : average),
    ...(sizeBytes !== undefined && { sizeBytes, progress: sizeBytes === 0 ? 1 : Math.min(1, bytes / sizeBytes) }),
    ...(outcome && { outcome }),
    ...(detail !== undefined && detail !== "" && { detail }),
  };
}

/** One while it is open, else none. */
export function pinholeAnswers(
  { id, plane, requestedAt, closed, legs, listening }: ConnectionRecord,
  asked: Asked,
): readonly PinholeAnswer[] {
  if (plane === undefined || closed !== undefined) return [];
  const side = (name: Side): PinholeAnswer[Side] => {
    const leg = legs[name];
    if (leg.kind === "dial") return { kind: "dial", endpoint: formatEndpoint(leg.to) };
    const endpoint = listening[name];
    return { kind: "listen", ...(endpoint && { endpoint: formatEndpoint(endpoint) }), peer: leg.peer };
  };
  const answer: PinholeAnswer = {
    id,
    plane,
    requestedAt: asked.clock.timeOf(requestedAt),
    client: side("client"),
    server: side("server"),
  };
  return [answer];
}

const nothing: ByteCounts = { bytesUp: 0, bytesDown: 0 };

function bytesOf(kept: Transferring, { id, closed, joinedAt }: ConnectionRecord): ByteCounts {
  return closed ?? (joinedAt === undefined ? nothing : (kept.bytesOf(id) ?? nothing));
}

/** Between two looks that are no closer than that, so that several people who look see the same. */
const leastSampleMs = 500;

/** The rate since somebody looked last; on the whole for who looks first. */
function lateRate(connection: ConnectionRecord, bytes: number, average: number, now: number): number {
  const { sample } = connection;
  if (sample === undefined) {
    connection.sample = { at: now, bytes, bytesPerSecond: average };
    return average;
  }
  if (now - sample.at < leastSampleMs) return sample.bytesPerSecond;
  const bytesPerSecond = Math.max(0, ((bytes - sample.bytes) * 1000) / (now - sample.at));
  connection.sample = { at: now, bytes, bytesPerSecond };
  return bytesPerSecond;
}

/** As in `150 Opening BINARY mode data connection for a.iso (734003200 bytes).`, said of this download since it was asked for. */
function announcedSize({ steps }: Transferring, { direction, requestedAt }: ConnectionRecord): number | undefined {
  if (direction !== "download") return undefined;
  const since = steps.findLastIndex(({ at }) => at < requestedAt) + 1;
  for (const { event } of steps.slice(since)) {
    const size = event?.kind === "server-line" ? /^1\d\d[ -].*?\((\d{1,15}) bytes/.exec(event.text)?.[1] : undefined;
    if (size !== undefined) return Number(size);
  }
  return undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** To microseconds. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
