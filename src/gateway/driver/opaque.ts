// Opaque control connections: the TLS of client and server passes through as it comes, and only its record headers are looked at.
// Either direction may come back to clear text (CCC). A server is silent there until it is asked something: so the client's first
// clear byte, with the server between two records, ends it.
import { createRecordFollower, followRecords, isBetweenRecords, type RecordFollower } from "../../ftp/tls-records.ts";
import type { Side } from "../../dataplane/pinhole.ts";
import type { SessionEvent } from "../../session/events.ts";
import { hasInput } from "../../sockets/transport.ts";
import {
  type ControlConnection,
  hasPiece,
  hasRoom,
  hasUnread,
  passInput,
  takeEnd,
} from "../control/control-connection.ts";
import type { CommandPace } from "./command-pace.ts";

export type Opaque = {
  readonly client: ControlConnection;
  readonly server: ControlConnection;
  readonly up: RecordFollower;
  readonly down: RecordFollower;
  /** The server speaks in clear again. */
  isServerClear: boolean;
  /** So does the client, and the session knows. Until the server is clear too, what it sends is passed on as before. */
  isOver: boolean;
};

/**
 * Says `says` to the client, and begins. Undefined if one of them has said more in clear: then nothing is said, and that is the next
 * event of this side. Where nothing is to be said TLS begins with the first byte, and what is unread of the client belongs to it.
 */
export function goOpaque(
  client: ControlConnection,
  server: ControlConnection | undefined,
  says: string,
): Opaque | undefined {
  if (server === undefined) throw new Error("TLS is to pass to a server that is not connected");
  const early = says !== "" && hasPiece(client) ? client : hasPiece(server) ? server : undefined;
  if (early !== undefined) {
    const side = early === client ? "client" : "server";
    const detail = `the ${side} has said more in clear`;
    early.waiting = [{ kind: "tls-failed", side, cause: "bytes-before-tls", detail }, ...early.waiting];
    return undefined;
  }
  client.unwritten += says;
  const followers = { up: createRecordFollower(), down: createRecordFollower() };
  return { client, server, ...followers, isServerClear: false, isOver: false };
}

/**
 * Passes on what one of the two has sent, as far as the other takes it, and returns what the session has to know of it. Undefined:
 * there is nothing more for now. What a client sends at once counts as one command.
 */
export function takeOpaque(opaque: Opaque, pace: CommandPace): SessionEvent | undefined {
  const event = passDown(opaque);
  if (event !== undefined || opaque.isOver || !hasUnread(opaque.client) || !pace.mayTake()) return event;
  pace.took();
  return passUp(opaque);
}

function passDown(opaque: Opaque): SessionEvent | undefined {
  const { server, client } = opaque;
  if (!hasInput(server.transport)) return takeEnd(server);
  if (!hasRoom(client)) return undefined;
  const { memory, from, to } = server.transport;
  let end = to;
  if (!opaque.isServerClear) {
    const followed = followRecords(opaque.down, memory, from, to);
    if (followed.kind === "not-tls") return notTls("server");
    opaque.isServerClear = followed.kind === "clear";
    // What it says in clear to a client that is not there yet, an error perhaps, is between the two of them.
    if (opaque.isOver) end = followed.end;
  }
  if (end === from) return undefined;
  passInput(server, client, end - from);
  return moved(opaque, 0, end - from);
}

function passUp(opaque: Opaque): SessionEvent | undefined {
  const { client, server } = opaque;
  if (!hasInput(client.transport)) return takeEnd(client);
  if (!hasRoom(server)) return undefined;
  const { memory, from, to } = client.transport;
  const { kind, end } = followRecords(opaque.up, memory, from, to);
  if (kind === "not-tls") return notTls("client");
  if (end > from) {
    passInput(client, server, end - from);
    return moved(opaque, end - from, 0);
  }
  if (!opaque.isServerClear && !isBetweenRecords(opaque.down)) return undefined;
  opaque.isOver = true;
  return { kind: "opaque-ended" };
}

function moved({ up, down }: Opaque, bytesUp: number, bytesDown: number): SessionEvent {
  return { kind: "opaque-moved", bytesUp, bytesDown, isSecured: up.hasData && down.hasData };
}

function notTls(side: Side): SessionEvent {
  return { kind: "tls-failed", side, cause: "not-tls", detail: "what came is no TLS record" };
}
