// An endpoint of this machine that neither answers nor refuses.
import { once } from "node:events";
import { connect } from "node:net";
import { Worker } from "node:worker_threads";
import { onTestFinished } from "vitest";
import type { Endpoint } from "../src/net/endpoint.ts";

const address = "127.0.0.1";

/**
 * Of a listener that accepts nothing, because its thread stands still. The kernel completes as many connections as the queue
 * holds, which are made here, and leaves further attempts without an answer. It goes when the test is over.
 */
export async function silentEndpoint(): Promise<Endpoint> {
  const body = `
    const server = require("node:net").createServer().listen({ host: "${address}", port: 0, backlog: 1 }, () => {
      require("node:worker_threads").parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const thread = new Worker(body, { eval: true });
  onTestFinished(() => void thread.terminate());
  const [port] = (await once(thread, "message")) as [number];
  const queued = [connect({ host: address, port }), connect({ host: address, port })];
  onTestFinished(() => {
    for (const socket of queued) socket.on("error", () => {}).destroy();
  });
  await Promise.all(queued.map((socket) => once(socket, "connect")));
  return { address, port };
}
