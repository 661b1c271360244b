import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { performance as realPerformance } from "node:perf_hooks";
import { expect, onTestFinished, test } from "vitest";
import { passUntil, passUntilTrue, quiet, sleep } from "./virtual-time.ts";

test("an hour passes at once, and for nobody longer than asked for", async () => {
  const [began, really] = [performance.now(), realPerformance.now()];
  await sleep(3_600_000);
  expect(performance.now() - began).toBe(3_600_000);
  expect(realPerformance.now() - really).toBeLessThan(60_000);
});

test("time stands still while nobody sleeps", async () => {
  const began = performance.now();
  let struck = false;
  setTimeout(() => (struck = true), 1);
  const until = realPerformance.now() + 20;
  while (realPerformance.now() < until) await quiet();
  expect(struck).toBe(false);
  expect(performance.now()).toBe(began);
});

test("what is due meanwhile happens in its order, sleepers included", async () => {
  const seen: string[] = [];
  const ticks = setInterval(() => seen.push("tick"), 10);
  const other = sleep(15).then(() => seen.push("other"));
  await sleep(25);
  clearInterval(ticks);
  await other;
  expect(seen).toEqual(["tick", "other", "tick"]);
});

test("a conversation on a socket takes no time: a timer of a millisecond strikes after a thousand answers", async () => {
  const server = createServer((socket) => void socket.pipe(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  let answers = 0;
  socket.on("data", () => {
    answers += 1;
    if (answers < 1000) socket.write("x");
  });
  socket.write("x");
  await sleep(1);
  expect(answers).toBe(1000);
});

test("it is seen when what was awaited came, and that it never comes", async () => {
  const began = performance.now();
  expect(await passUntil(new Promise((resolve) => setTimeout(resolve, 500, "done")))).toBe("done");
  expect(performance.now() - began).toBe(500);
  await expect(passUntil(new Promise(() => {}))).rejects.toThrow("nothing has come in 5000 ms");
});

test("a condition is waited for as long as it may take, and no longer", async () => {
  const began = performance.now();
  await passUntilTrue(() => performance.now() >= began + 100, 100);
  expect(performance.now() - began).toBe(100);
  await expect(passUntilTrue(() => false, 100)).rejects.toThrow("not in 100 ms");
});
