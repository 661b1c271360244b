// Server session: what one control connection of the embedded FTP server knows, and what its commands do with it: answer, and
// run a transfer on the data connection that was prepared.
import type { Socket } from "node:net";
import { parseAddress } from "../net/endpoint.ts";
import { errorMessage } from "../process/error-message.ts";
import type { DataSource } from "./data-connection.ts";
import type { FileTree } from "./file-tree.ts";

export type SessionOptions = {
  readonly tree: FileTree;
  readonly greeting: string;
  readonly announce: string | undefined;
  readonly record: (line: string) => void;
};

export type ServerSession = {
  readonly control: Socket;
  readonly options: SessionOptions;
  /** Addresses of the two ends of the control connection. */
  readonly peer: string;
  readonly local: string;
  user: string | undefined;
  isLoggedIn: boolean;
  /** After `EPSV ALL`. */
  isEpsvOnly: boolean;
  /** For the next transfer. */
  data: DataSource | undefined;
  running: { abort(): void } | undefined;
  /** The running transfer, or the one before, was; until ABOR is answered. */
  isAborted: boolean;
  /** A path from the root, as in file-tree.ts. */
  cwd: string;
  renameFrom: string | undefined;
  restartAt: number;
};

export type Command = (session: ServerSession, argument: string) => void | Promise<void>;

export type Outcome = { readonly code: number; readonly text: string };

const dataTimeoutMs = 10_000;

export function createServerSession(control: Socket, options: SessionOptions): ServerSession {
  return {
    control,
    options,
    peer: parseAddress(control.remoteAddress ?? "") ?? "",
    local: parseAddress(control.localAddress ?? "") ?? "",
    user: undefined,
    isLoggedIn: false,
    isEpsvOnly: false,
    data: undefined,
    running: undefined,
    isAborted: false,
    cwd: "",
    renameFrom: undefined,
    restartAt: 0,
  };
}

export function reply(session: ServerSession, code: number, text: string): void {
  replyLines(session, [`${code} ${text}`]);
}

export function replyLines({ control, options }: ServerSession, lines: readonly string[]): void {
  if (!control.writable) return;
  for (const line of lines) options.record(`S> ${line}`);
  control.write(`${lines.join("\r\n")}\r\n`, "latin1");
}

/** In place of the data connection that was prepared before; undefined drops that one. */
export function prepareData(session: ServerSession, source: DataSource | undefined): void {
  session.data?.close();
  session.data = source;
}

/** Runs a transfer on the prepared data connection: 425, or 150 and then what `move` ends with, or 426. */
export async function transfer(
  session: ServerSession,
  opening: string,
  move: (socket: Socket) => Promise<Outcome>,
): Promise<void> {
  const source = session.data;
  session.data = undefined;
  if (!source) return reply(session, 425, "Use PORT, EPRT, PASV or EPSV first.");
  let socket: Socket | undefined;
  session.running = {
    abort() {
      session.isAborted = true;
      source.close();
      socket?.resetAndDestroy();
    },
  };
  try {
    socket = await source.connect(dataTimeoutMs);
    reply(session, 150, opening);
    const { code, text } = await move(socket);
    reply(session, code, text);
  } catch (error) {
    const detail = session.isAborted ? "aborted" : errorMessage(error);
    reply(session, socket ? 426 : 425, `${socket ? "Data connection broken" : "No data connection"}: ${detail}.`);
  } finally {
    session.running = undefined;
    socket?.destroy();
  }
}
