import { expect, test } from "vitest";
import { createPeer, PeerGone, type Channel } from "../../../src/process/workers/peer.ts";

/** Two ends of one channel. */
function channels(): { readonly ends: readonly [Channel, Channel]; cut(): void } {
  const listeners: ((message: unknown, handle: unknown) => void)[] = [];
  const gone: (() => void)[] = [];
  const end = (index: 0 | 1): Channel => ({
    send: (message, handle) => queueMicrotask(() => listeners[1 - index]?.(structuredClone(message), handle)),
    onMessage: (listener) => void (listeners[index] = listener),
    onGone: (listener) => void gone.push(listener),
  });
  return { ends: [end(0), end(1)], cut: () => gone.forEach((listener) => listener()) };
}

test("what is asked is answered, with the error's words where it fails, each question with its own answer", async () => {
  const { ends } = channels();
  const calls = {
    later: (text: string, ms: number) => new Promise<string>((resolve) => setTimeout(resolve, ms, text)),
    fails: (): void => {
      throw new Error("no such thing");
    },
  };
  createPeer(ends[1], calls);
  const peer = createPeer<typeof calls>(ends[0], {});
  expect(await Promise.all([peer.ask("later", "a", 20), peer.ask("later", "b", 1)])).toEqual(["a", "b"]);
  await expect(peer.ask("fails")).rejects.toThrow("no such thing");
});

test("who is told something gets it in order, and a socket beside it", async () => {
  const { ends } = channels();
  const heard: unknown[] = [];
  const calls = { hear: (...all: unknown[]) => void heard.push(...all), done: () => heard };
  createPeer(ends[1], calls);
  const peer = createPeer<typeof calls>(ends[0], {});
  peer.tell("hear", 1);
  peer.give("hear", 2, "handle");
  expect(await peer.ask("done")).toEqual([1, 2, "handle"]);
});

test("what is asked of a process that goes, or has gone, is answered by that", async () => {
  const { ends, cut } = channels();
  const calls = { never: () => new Promise(() => {}) };
  createPeer(ends[1], calls);
  const peer = createPeer<typeof calls>(ends[0], {});
  const asked = peer.ask("never");
  cut();
  await expect(asked).rejects.toThrow(PeerGone);
  await expect(peer.ask("never")).rejects.toThrow(PeerGone);
});
