// Worker io: what a worker knows of its process, made of it by main.ts.
import type { Channel } from "./peer.ts";

/** What of Node's `process` a worker has a use for. */
export type WorkerProcess = {
  readonly connected: boolean;
  send?(message: object, handle: undefined, options: object, done: () => void): boolean;
  on(event: "message", listener: (message: unknown, handle: unknown) => void): unknown;
  once(event: "disconnect", listener: () => void): unknown;
};

/** To the process that has started this one. */
export function channelToParent(own: WorkerProcess): Channel {
  return {
    // What can't be sent any more has nobody to read it, which `onGone` tells.
    send: (message) => void own.send?.(message as object, undefined, {}, () => {}),
    onMessage: (listener) => void own.on("message", listener),
    onGone: (listener) => void own.once("disconnect", listener),
  };
}
