// A service manager's end of its notify socket, for tests.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { loadFfi } from "../../src/sockets/ffi.ts";
import { bindSystemCalls, doNotWait } from "../../src/sockets/system-calls.ts";

export type Notified = {
  /** As NOTIFY_SOCKET has it. */
  readonly socket: string;
  /** The next message; rejects when none comes within 10 seconds. */
  next(): Promise<string>;
};

let count = 0;

/** Gone when the test is over. */
export function notifySocket({ isAbstract = false } = {}): Notified {
  const folder = mkdtempSync(path.join(tmpdir(), "ftp-alg-notify-"));
  const name = path.join(folder, `socket-${(count += 1)}`);
  const loaded = loadFfi();
  if (!loaded.ok) throw new Error(loaded.reason);
  const calls = bindSystemCalls(loaded.ffi);
  const fd = calls.socket(1, 2, 0);
  const text = Buffer.from(isAbstract ? `\0${name}` : `${name}\0`);
  const address = Buffer.concat([Buffer.from([1, 0]), text]);
  if (calls.bind(fd, address, address.length) !== 0) throw new Error(`bind: errno ${calls.errno()}`);
  onTestFinished(() => {
    calls.close(fd);
    rmSync(folder, { recursive: true });
  });
  const buffer = Buffer.alloc(4096);
  const receive = async (leftMs: number): Promise<string> => {
    const length = calls.recv(fd, buffer, buffer.length, doNotWait);
    if (length >= 0) return buffer.toString("utf8", 0, length);
    if (leftMs <= 0) throw new Error("no message came");
    await sleep(5);
    return receive(leftMs - 5);
  };
  return { socket: isAbstract ? `@${name}` : name, next: () => receive(10_000) };
}
