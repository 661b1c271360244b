// Predecessor: the side of a hand-over of the process that runs. It listens at a unix socket for the one that is to take its place, sends
// it the listening sockets, goes on until that one takes clients, and then tells it which data ports are free again.
import { createServer, type Server, type Socket } from "node:net";
import { chmod, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { Retreat } from "../../dataplane/port-retreat.ts";
import type { OpenSocket } from "../../gateway/entrance/listening-sockets.ts";
import type { Logger } from "../../observe/log.ts";
import type { Peer } from "../../sockets/local-calls.ts";
import { openConversation } from "../../sockets/local-conversation.ts";
import { peerOf, sendDescriptor } from "../../sockets/local-peer.ts";
import { errorMessage } from "../error-message.ts";
import { openRuntimeDirectory } from "./handover-path.ts";
import {
  formatMessage,
  handoverVersion,
  mostSockets,
  parseSuccessorMessage,
  type PredecessorMessage,
  type SocketUse,
  type SuccessorMessage,
  type Unreadable,
} from "./handover-messages.ts";
import { type MessageStream, readMessages } from "./message-stream.ts";

export type Predecessor = {
  /** A process is being given the place, or has it. */
  isBusy(): boolean;
  /** No hand-over any more. */
  stop(): void;
};

export type PredecessorDeps = {
  readonly release: string;
  /** Of this process. */
  readonly user: number;
  readonly logger: Pick<Logger, "info" | "warn">;
  /** Why a process of that user may not take over; undefined if it may. */
  refusal(peer: Peer): Promise<string | undefined>;
  sockets(): readonly (OpenSocket & { readonly use: SocketUse })[];
  /** From now on data ports are shared out with the other process. */
  retreat(): Retreat;
  /** The other process takes clients. */
  handedOver(peer: Peer): void;
  countSessions(): number;
  /** By default a minute: how long the other process may take to start. */
  readonly startMs?: number;
  /** By default a second: how often ports are given up. */
  readonly giveUpEveryMs?: number;
};

/** How long it may take to say what takes no time. */
const promptMs = 5000;
const startMs = 60_000;
/** Somebody who connects and says nothing. */
const mostConnections = 8;
const longestRequest = 16 * 1024;

/** Rejects with an Error that says why this process can't be found. */
export async function createPredecessor(path: string, deps: PredecessorDeps): Promise<Predecessor> {
  await openRuntimeDirectory(dirname(path), deps.user);
  const connections = new Set<Socket>();
  let taker: Socket | undefined;
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on("error", () => {}).on("close", () => connections.delete(socket));
    void receive(socket);
  });
  server.maxConnections = mostConnections;
  server.unref();
  await listen(server, path);
  await chmod(path, 0o600);

  async function receive(socket: Socket): Promise<void> {
    const peer = peerOf(socket);
    const stream = readMessages(socket, parseSuccessorMessage, longestRequest);
    const refuse = (reason: string): void => void socket.end(formatMessage({ kind: "refused", reason }));
    if (peer === undefined) return void socket.destroy();
    if (peer.user !== deps.user) {
      deps.logger.warn({ pid: peer.pid, user: peer.user }, "hand-over refused");
      return refuse(`it is user ${deps.user}'s, and you are user ${peer.user}`);
    }
    const request = await stream.next(promptMs).catch(() => undefined);
    if (request === undefined) return void socket.destroy();
    const why = whyNot(request) ?? (taker ? "another process is taking over" : await deps.refusal(peer));
    if (why !== undefined) {
      deps.logger.warn({ pid: peer.pid, detail: why }, "hand-over refused");
      return refuse(why);
    }
    if (taker !== undefined) return refuse("another process is taking over");
    taker = socket;
    deps.logger.info({ pid: peer.pid }, "hand-over begun");
    try {
      await handOver({ socket, stream, peer }, deps, () => server.close());
    } catch (error) {
      deps.logger.warn({ pid: peer.pid, detail: errorMessage(error) }, "hand-over failed");
      refuse(errorMessage(error));
      socket.destroySoon();
      taker = undefined;
    }
  }

  return {
    isBusy: () => taker !== undefined,
    stop() {
      server.close();
      for (const socket of connections) socket.destroy();
    },
  };
}

function whyNot(request: SuccessorMessage | Unreadable): string | undefined {
  if (request.kind === "request") return undefined;
  if (request.kind === "unreadable") return `that is no request: ${request.detail}`;
  if (request.kind !== "other-version") return `"${request.kind}" is no request`;
  return `you speak version ${request.version} of the hand-over, it speaks version ${handoverVersion}`;
}

type Taker = {
  readonly socket: Socket;
  readonly stream: MessageStream<SuccessorMessage | Unreadable>;
  readonly peer: Peer;
};

/** Rejects with an Error that says why this process goes on. `close`: nobody else may take over. */
async function handOver({ socket, stream, peer }: Taker, deps: PredecessorDeps, close: () => void): Promise<void> {
  const say = (message: PredecessorMessage): void => void socket.write(formatMessage(message));
  const sockets = deps.sockets();
  if (sockets.length > mostSockets) throw new Error(`${sockets.length} sockets are too many`);
  for (const { use, wanted, endpoint, descriptor } of sockets) {
    const failure = sendDescriptor(socket, formatMessage({ kind: "socket", use, wanted, endpoint }), descriptor);
    if (failure !== undefined) throw new Error(`a socket could not be sent: ${failure}`);
  }
  say({ kind: "sockets-end", release: deps.release, count: sockets.length });
  await expectMessage(stream, "prepared", deps.startMs ?? startMs);
  const retreat = deps.retreat();
  try {
    say({ kind: "go", ports: retreat.kept });
    await expectMessage(stream, "ready", promptMs);
  } catch (error) {
    retreat.undo();
    throw error;
  }
  // The path is free before the other process is told that it may listen there.
  close();
  deps.handedOver(peer);
  say({ kind: "draining" });
  const timer = setInterval(() => {
    const ports = retreat.giveUp(deps.countSessions());
    if (ports.length > 0) say({ kind: "released", ports });
  }, deps.giveUpEveryMs ?? 1000).unref();
  socket.on("close", () => clearInterval(timer));
  socket.unref();
}

async function expectMessage(
  stream: MessageStream<SuccessorMessage | Unreadable>,
  kind: SuccessorMessage["kind"],
  timeoutMs: number,
): Promise<void> {
  const message = await stream.next(timeoutMs).catch((error: unknown) => {
    throw new Error(`the new process is not ready: ${errorMessage(error)}`, { cause: error });
  });
  if (message === undefined) throw new Error("the new process has ended before it was ready");
  if (message.kind === "failed") throw new Error(`the new process could not start: ${message.reason}`);
  if (message.kind !== kind) throw new Error(`the new process says "${message.kind}" instead of "${kind}"`);
}

/** A socket that nobody listens at any more is replaced. Rejects with an Error. */
async function listen(server: Server, path: string): Promise<void> {
  const tryOnce = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    });
  try {
    await tryOnce();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    const opened = openConversation(path, promptMs);
    if (opened.kind === "open") {
      opened.conversation.close();
      throw new Error("another process runs this configuration", { cause: error });
    }
    if (opened.kind === "failed") throw new Error(opened.reason, { cause: error });
    await unlink(path).catch(() => {});
    await tryOnce();
  }
}
