// Turning away: what a client reads that may not come in, and how its connection is closed.
import { formatReply } from "../../ftp/reply.ts";
import { refusal } from "../../session/refusals.ts";
import { closeTransport, endTransport, listenTo, send, type Transport } from "../../sockets/transport.ts";
import type { AdmissionRefusal } from "./admission.ts";

export type EntranceRefusal =
  | AdmissionRefusal
  | "too-many-connects"
  | "banned"
  | "no-descriptor"
  | "proxy-header"
  | "no-address";

const events = {
  arrived() {},
  ended() {},
  failed() {},
  drained() {},
  closed: (closed: () => void): void => closed(),
};

/** 421 with the reason, then FIN: a silent close confuses clients (D5.89). What the client has sent is read and dropped. */
export function turnAway(transport: Transport, reason: EntranceRefusal, closed: () => void): void {
  listenTo(transport, closed, events);
  sayWhy(transport, reason);
  endTransport(transport);
}

/** The same words, and no descriptor is held any longer: by a client that has said something they may not be read. */
export function turnAwayAtOnce(transport: Transport, reason: EntranceRefusal): void {
  sayWhy(transport, reason);
  closeTransport(transport);
}

function sayWhy(transport: Transport, reason: EntranceRefusal): void {
  const { code, text } = refusal(reason);
  send(transport, formatReply(code, text));
}
