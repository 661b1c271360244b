// What a control connection's sockets and readers say, as events of the session.
import type { Socket } from "node:net";
import type { CommandEvent } from "../ftp/command-reader.ts";
import type { ReplyEvent } from "../ftp/reply-reader.ts";
import { parseAddress, type Endpoint } from "../net/endpoint.ts";
import type { Event } from "../session/events.ts";

/** Reads a socket, or leaves what it has in the kernel. */
export function setReading(socket: Socket, wanted: boolean): void {
  if (wanted === !socket.isPaused()) return;
  if (wanted) socket.resume();
  else socket.pause();
}

export function clientEvent(event: CommandEvent): Event {
  switch (event.kind) {
    case "line":
      return { kind: "client-line", text: event.text, quirks: event.quirks };
    case "refused":
      return { kind: "client-refused", reason: event.reason };
    case "telnet-answer":
      return event;
  }
}

export function serverEvent(event: ReplyEvent): Event {
  return event.kind === "line"
    ? { kind: "server-line", text: event.text, raw: event.raw }
    : { kind: "server-refused", reason: event.reason };
}

/** A socket's end in canonical form. A socket that is already gone has none. */
export function endpointOf(address: string | undefined, port: number | undefined): Endpoint {
  return { address: parseAddress(address ?? "") ?? "0.0.0.0", port: port ?? 0 };
}

/** The system's word for what went wrong, e.g. `ECONNREFUSED`. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
}
