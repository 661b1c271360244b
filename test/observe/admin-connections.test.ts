import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createAdmin, type AdminOptions } from "../../src/observe/admin.ts";
import { createMetrics } from "../../src/observe/metrics.ts";

async function startAdmin(options: Partial<AdminOptions> = {}) {
  const listen = { address: "127.0.0.1", port: 0 };
  const admin = createAdmin({ listen, metrics: createMetrics("1"), isReady: () => true, ...options });
  onTestFinished(() => admin.stop());
  const { port } = await admin.start();
  return { url: `http://127.0.0.1:${port}`, port };
}

/** Connections whose resets are nobody's fault. */
function connections(port: number, count: number): Socket[] {
  const sockets = Array.from({ length: count }, () => connect(port, "127.0.0.1").on("error", () => {}));
  onTestFinished(() => void sockets.map((socket) => socket.destroy()));
  return sockets;
}

test("70 connections that ask nothing keep nobody out: the one that has been idle the longest goes first", async () => {
  const { port, url } = await startAdmin();
  const idle = connections(port, 70).map((socket) => socket.resume());
  await Promise.all(idle.map((socket) => once(socket, "connect")));
  // Some have begun a request, and do not end it.
  for (const socket of idle.slice(0, 35)) socket.write("GET /metrics HTTP/1.1\r\nhost: ");
  expect((await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(2000) })).status).toBe(200);
  const isOpen = idle.map((socket) => !socket.destroyed);
  expect(isOpen.indexOf(true)).toBeGreaterThanOrEqual(6);
  expect(isOpen.lastIndexOf(false)).toBeLessThan(isOpen.indexOf(true));
});

test("64 connections whose answers nobody reads keep nobody out either: the oldest goes", async () => {
  const whole = "x".repeat(8 * 1024 * 1024);
  const contentType = "text/plain";
  const text = (): Promise<string> => Promise.resolve(whole);
  const metrics = { contentType, text, openMetrics: async () => ({ text: await text(), contentType }) };
  const { port, url } = await startAdmin({ metrics });
  const stuck = connections(port, 64).map((socket) => socket.pause());
  for (const socket of stuck) socket.write("GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await Promise.all(stuck.map((socket) => once(socket, "readable")));
  expect((await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2000) })).status).toBe(200);
});

test("limit: a connection on which more than four requests wait is closed, and no more than these are begun", async () => {
  let begun = 0;
  const contentType = "text/plain";
  const text = async (): Promise<string> => {
    begun += 1;
    return "x";
  };
  const metrics = { contentType, text, openMetrics: async () => ({ text: await text(), contentType }) };
  const { port } = await startAdmin({ metrics });
  const ask = "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n";
  const [four, many] = connections(port, 2) as [Socket, Socket];
  four.write(ask.repeat(4));
  let answers = "";
  for await (const chunk of four) {
    answers += String(chunk);
    if (answers.split("HTTP/1.1 200").length === 5) break;
  }
  expect(begun).toBe(4);
  many.resume().write(ask.repeat(1000));
  await once(many, "close");
  expect(begun).toBeLessThanOrEqual(8);
});
