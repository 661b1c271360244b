// Peer: the process at the other end of a channel between a supervisor and its worker, which is asked and told by the names of functions.
// Both ends are of one program, and values are passed as the structured clone algorithm has them.
import { errorMessage } from "../error-message.ts";

/** What one process can ask of another. Nothing is answered where the other tells. */
export type Calls = { readonly [name: string]: (...args: never[]) => unknown };

/** `handle`: of a socket. */
export type Channel = {
  send(message: unknown, handle?: unknown): void;
  onMessage(listener: (message: unknown, handle: unknown) => void): void;
  /** The other process is gone, or is about to be. */
  onGone(listener: () => void): void;
};

export type Peer<Theirs extends Calls> = {
  /** Rejects with the Error that the other process had, or with one that says that it is gone. */
  ask<Name extends keyof Theirs & string>(
    name: Name,
    ...args: Parameters<Theirs[Name]>
  ): Promise<Awaited<ReturnType<Theirs[Name]>>>;
  tell<Name extends keyof Theirs & string>(name: Name, ...args: Parameters<Theirs[Name]>): void;
  /** The last of the arguments there is the socket. */
  give(name: keyof Theirs & string, argument: unknown, handle: unknown): void;
};

type Message =
  | { readonly kind: "call"; readonly id: number | undefined; readonly name: string; readonly args: readonly unknown[] }
  | { readonly kind: "answer"; readonly id: number; readonly value?: unknown; readonly error?: string };

type Waiting = { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void };

export class PeerGone extends Error {}

export function createPeer<Theirs extends Calls>(channel: Channel, ours: Calls): Peer<Theirs> {
  const waiting = new Map<number, Waiting>();
  const outgoing: Message[] = [];
  let lastId = 0;
  let isGone = false;

  async function answer(id: number | undefined, name: string, args: readonly unknown[]): Promise<void> {
    try {
      const value = await (ours[name] as (...all: unknown[]) => unknown)(...args);
      if (id !== undefined) send({ kind: "answer", id, value });
    } catch (error) {
      if (id !== undefined) send({ kind: "answer", id, error: errorMessage(error) });
    }
  }

  /** All that is said in one turn of the event loop goes in one message: each costs more than what is in it. */
  function send(message: Message): void {
    if (outgoing.length === 0) setImmediate(flush);
    outgoing.push(message);
  }

  function flush(): void {
    const messages = outgoing.splice(0);
    if (messages.length > 0 && !isGone) channel.send(messages);
  }

  function receive(message: Message, handle: unknown): void {
    if (message.kind === "call") {
      void answer(message.id, message.name, handle === undefined ? message.args : [...message.args, handle]);
      return;
    }
    const one = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.error === undefined) one?.resolve(message.value as never);
    else one?.reject(new Error(message.error));
  }

  channel.onMessage((messages, handle) => {
    for (const message of messages as readonly Message[]) receive(message, handle);
  });
  channel.onGone(() => {
    isGone = true;
    for (const { reject } of waiting.values()) reject(new PeerGone("the process is gone"));
    waiting.clear();
  });
  return {
    ask(name, ...args) {
      if (isGone) return Promise.reject(new PeerGone("the process is gone"));
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        send({ kind: "call", id, name, args });
      });
    },
    tell: (name, ...args) => send({ kind: "call", id: undefined, name, args }),
    give(name, argument, handle) {
      flush();
      if (!isGone) channel.send([{ kind: "call", id: undefined, name, args: [argument] } satisfies Message], handle);
    },
  };
}
