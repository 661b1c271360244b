// The side of the process that runs, against whoever connects: what a whole program can't be waited for, or can't be brought to do.
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import {
  formatMessage,
  parsePredecessorMessage,
  type SuccessorMessage,
} from "../../../src/process/handover/handover-messages.ts";
import { readMessages } from "../../../src/process/handover/message-stream.ts";
import { createPredecessor, type PredecessorDeps } from "../../../src/process/handover/predecessor.ts";
import { loadFfi } from "../../../src/sockets/ffi.ts";
import { listeningDescriptor } from "../../../src/sockets/socket-options.ts";

beforeEach((context) => context.skip(!loadFfi().ok, "koffi is not installed"));

async function setUp(changed: Partial<PredecessorDeps> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "ftp-alg-predecessor-"));
  const path = join(folder, "socket");
  const tcp = createServer().listen(0, "127.0.0.1");
  await once(tcp, "listening");
  const { address, port } = tcp.address() as AddressInfo;
  const said: string[] = [];
  let sessions = 3;
  const predecessor = await createPredecessor(path, {
    ...{ release: "0.1.0", user: process.geteuid?.() ?? 0, startMs: 200, giveUpEveryMs: 20 },
    logger: {
      info: (...args: unknown[]) => said.push(String(args.at(-1))),
      warn: (...args: unknown[]) => said.push(JSON.stringify(args)),
    },
    refusal: async () => undefined,
    sockets: () => [
      { use: "control", wanted: { address, port }, endpoint: { address, port }, descriptor: listeningDescriptor(tcp) },
    ],
    retreat: () => ({
      kept: [50_000, 50_001],
      giveUp: (spare) => (spare === 0 ? [50_001] : []),
      undo: () => void said.push("undo"),
    }),
    handedOver: () => void said.push("over"),
    countSessions: () => sessions,
    ...changed,
  });
  onTestFinished(() => {
    predecessor.stop();
    tcp.close();
    rmSync(folder, { recursive: true });
  });
  return { path, said, predecessor, endSessions: () => (sessions = 0) };
}

function meet(path: string) {
  const socket: Socket = connect(path);
  socket.on("error", () => {});
  const stream = readMessages(socket, parsePredecessorMessage);
  onTestFinished(() => void socket.destroy());
  return {
    socket,
    say: (message: SuccessorMessage) => void socket.write(formatMessage(message)),
    hears: async () => (await stream.next(5000))?.kind,
    next: () => stream.next(5000),
  };
}

const request: SuccessorMessage = { kind: "request", release: "0.2.0" };

test("a hand-over goes step by step, and ports come back as sessions end", async () => {
  const { path, said, predecessor, endSessions } = await setUp();
  const { say, hears, next } = meet(path);
  say(request);
  expect([await hears(), await next()]).toEqual(["socket", { kind: "sockets-end", release: "0.1.0", count: 1 }]);
  say({ kind: "prepared" });
  expect(await next()).toEqual({ kind: "go", ports: [50_000, 50_001] });
  expect(said).toEqual(["hand-over begun"]);
  say({ kind: "ready" });
  expect(await hears()).toBe("draining");
  expect(said).toEqual(["hand-over begun", "over"]);
  // The next one may be found there from now on.
  expect(existsSync(path)).toBe(false);
  endSessions();
  expect(await next()).toEqual({ kind: "released", ports: [50_001] });
  expect(predecessor.isBusy()).toBe(true);
});

test("a process that hangs before it is prepared is given up, and another one may come", async () => {
  const { path, predecessor } = await setUp();
  const slow = meet(path);
  slow.say(request);
  expect([await slow.hears(), await slow.hears()]).toEqual(["socket", "sockets-end"]);
  expect(predecessor.isBusy()).toBe(true);
  expect(await slow.next()).toEqual({
    kind: "refused",
    reason: "the new process is not ready: nothing came for 200 ms",
  });
  expect(predecessor.isBusy()).toBe(false);
  const other = meet(path);
  other.say(request);
  expect(await other.hears()).toBe("socket");
});

test.each([
  ["ends", undefined, "the new process has ended before it was ready"],
  ["can't start", { kind: "failed", reason: "no" } as const, "the new process could not start: no"],
  ["says something else", { kind: "prepared" } as const, 'the new process says "prepared" instead of "ready"'],
])("one that %s between go and ready gives the ports back, and this process goes on", async (_, message, why) => {
  const { path, said, predecessor } = await setUp();
  const { socket, say, hears } = meet(path);
  say(request);
  await hears();
  await hears();
  say({ kind: "prepared" });
  expect(await hears()).toBe("go");
  if (message === undefined) socket.destroy();
  else say(message);
  await expect.poll(() => said).toContain("undo");
  await expect.poll(() => said.at(-1)).toContain(why.replaceAll('"', String.raw`\"`));
  expect(said).not.toContain("over");
  expect([predecessor.isBusy(), existsSync(path)]).toEqual([false, true]);
});

test("while one takes over, another is told so; and who may not is told why", async () => {
  const { path } = await setUp();
  const first = meet(path);
  first.say(request);
  await first.hears();
  const second = meet(path);
  second.say(request);
  expect(await second.next()).toEqual({ kind: "refused", reason: "another process is taking over" });
  const { path: other } = await setUp({ refusal: async () => "not you" });
  const third = meet(other);
  third.say(request);
  expect(await third.next()).toEqual({ kind: "refused", reason: "not you" });
});

test("attack: at most eight connections are held, and each must say something at once", async () => {
  const { path } = await setUp();
  const crowd = Array.from({ length: 9 }, () => meet(path));
  await once(crowd[8]!.socket, "close");
  for (const { socket } of crowd) socket.destroy();
  await expect
    .poll(async () => {
      const honest = meet(path);
      honest.say(request);
      return honest.hears();
    })
    .toBe("socket");
});
