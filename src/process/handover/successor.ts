// Successor: the side of a hand-over of the process that takes another one's place. It asks for the listening sockets, says when it has
// all it needs, and takes clients once the other process has agreed.
import type { Socket } from "node:net";
import {
  closeDescriptor,
  notListening,
  openConversation,
  type LocalConversation,
} from "../../sockets/local-conversation.ts";
import { createHandedSockets, type HandedSocket, type HandedSockets } from "./handed-sockets.ts";
import {
  formatMessage,
  handoverVersion,
  mostSockets,
  parsePredecessorMessage,
  type PredecessorMessage,
  type Unreadable,
} from "./handover-messages.ts";
import { type MessageStream, readMessages } from "./message-stream.ts";

export type Takeover = {
  /** Of the process whose place is taken. */
  readonly pid: number;
  readonly release: string;
  readonly sockets: HandedSockets;
  /**
   * Everything that can fail is done. Resolves when clients may be taken, with the data ports that must not be used; rejects with an
   * Error if the other process goes on by itself.
   */
  prepared(): Promise<readonly number[]>;
  /** Clients are taken. Resolves when the other process takes none any more; rejects with an Error if it goes on by itself. */
  ready(): Promise<void>;
  /** Tells each time of ports that the other process is done with. Resolves when it has ended, and is done with all of them. */
  watch(released: (ports: readonly number[]) => void): Promise<void>;
  /** This process does not end by itself while the other one runs. */
  hold(): void;
  /** It comes to nothing: tells the other process why. */
  fail(reason: string): void;
};

/** `nobody`: no process runs that configuration. */
export type TakenOver =
  | { readonly kind: "takeover"; readonly takeover: Takeover }
  | { readonly kind: "nobody" }
  | { readonly kind: "failed"; readonly reason: string };

type Conversation = { readonly socket: Socket; readonly stream: MessageStream<PredecessorMessage | Unreadable> };

/** So long the other process may be silent. */
const patienceMs = 10_000;

/** Waits for the answer of the process at that socket. `release`: of this one. `user`: whom the other one must run as. */
export function takeOver(path: string, release: string, user: number): TakenOver {
  const opened = openConversation(path, patienceMs);
  if (opened.kind !== "open") return opened;
  const { conversation } = opened;
  const { peer } = conversation;
  const sockets: HandedSocket[] = [];
  try {
    if (peer.user !== user) throw new Error(`the running process is user ${peer.user}'s: run this one as that user`);
    conversation.send(formatMessage({ kind: "request", release }));
    const said = receiveSockets(conversation, sockets);
    const socket = conversation.detach();
    socket.on("error", () => {}).unref();
    const held = { socket, stream: readMessages(socket, parsePredecessorMessage) };
    return { kind: "takeover", takeover: createTakeover(peer.pid, said.release, createHandedSockets(sockets), held) };
  } catch (error) {
    for (const { descriptor } of sockets) closeDescriptor(descriptor);
    conversation.close();
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Throws an Error where what came is not what was asked for; descriptors that are not among `sockets` are closed. */
function receiveSockets(conversation: LocalConversation, sockets: HandedSocket[]): { readonly release: string } {
  const descriptors: number[] = [];
  const until = performance.now() + patienceMs;
  let rest = "";
  try {
    for (;;) {
      if (performance.now() > until) throw new Error("the running process takes too long");
      const received = conversation.receive();
      if (received === undefined) throw new Error("the running process has closed the connection");
      descriptors.push(...received.descriptors);
      if (descriptors.length + sockets.length > mostSockets)
        throw new Error("the running process sends too many sockets");
      const lines = (rest + received.text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const message = parsePredecessorMessage(line);
        if (message.kind === "socket") {
          const { use, wanted, endpoint } = message;
          const descriptor = descriptors.shift();
          if (descriptor === undefined) throw new Error("the running process has sent a socket without its descriptor");
          sockets.push({ use, wanted, endpoint, descriptor });
          const why = notListening(descriptor, endpoint);
          if (why !== undefined) throw new Error(`the running process has sent something else than a socket: ${why}`);
        } else if (message.kind === "sockets-end") {
          if (descriptors.length > 0 || message.count !== sockets.length) throw new Error("sockets are missing");
          return message;
        } else throw new Error(unexpected(message));
      }
    }
  } finally {
    for (const descriptor of descriptors) closeDescriptor(descriptor);
  }
}

function createTakeover(
  pid: number,
  release: string,
  sockets: HandedSockets,
  { socket, stream }: Conversation,
): Takeover {
  /** A process that has ended in the middle of it does not go on: its sockets are ours. */
  let isGone = false;
  async function answer(): Promise<PredecessorMessage | undefined> {
    // Whoever waits for the answer is to be kept alive by it.
    socket.ref();
    const message = isGone ? undefined : await stream.next(patienceMs);
    socket.unref();
    isGone = message === undefined;
    if (message?.kind === "unreadable" || message?.kind === "other-version" || message?.kind === "refused") {
      throw new Error(unexpected(message));
    }
    return message;
  }
  return {
    ...{ pid, release, sockets },
    async prepared() {
      socket.write(formatMessage({ kind: "prepared" }));
      const message = await answer();
      if (message === undefined) return [];
      if (message.kind === "go") return message.ports;
      throw new Error(unexpected(message));
    },
    async ready() {
      socket.write(formatMessage({ kind: "ready" }));
      const message = await answer();
      if (message !== undefined && message.kind !== "draining") throw new Error(unexpected(message));
    },
    async watch(released) {
      for (;;) {
        const message = await stream.next().catch(() => undefined);
        if (message?.kind === "released") released(message.ports);
        if (message === undefined) return;
      }
    },
    hold: () => void socket.ref(),
    fail(reason) {
      socket.end(formatMessage({ kind: "failed", reason: reason.slice(0, 10_000) }));
      socket.ref();
    },
  };
}

function unexpected(message: PredecessorMessage | Unreadable): string {
  if (message.kind === "refused") return `the running process refuses: ${message.reason}`;
  if (message.kind === "other-version") {
    return `the running process speaks version ${message.version} of the hand-over, this one version ${handoverVersion}`;
  }
  const what = message.kind === "unreadable" ? message.detail : `"${message.kind}" was not expected`;
  return `the running process says something else than a hand-over: ${what}`;
}
