// Splice worker: the program of the splice thread. While it carries anything it waits in epoll, and hears messages when its
// eventfd is written to; with nothing to carry it waits for messages like any thread, so that it can be ended.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { loadSpliceCalls } from "./splice-calls.ts";
import { createSplicer, type SplicePair } from "./splicer.ts";

export type SpliceOrder =
  | { readonly kind: "add"; readonly pair: SplicePair }
  | { readonly kind: "abort"; readonly id: number }
  | { readonly kind: "stop" };

export type SpliceWorkerData = { readonly wakeFd: number };

/** A thread that is to be ended while it carries something notices within this time. */
const turnMs = 1000;

if (parentPort) serve(parentPort, workerData as SpliceWorkerData);

function serve(port: MessagePort, { wakeFd }: SpliceWorkerData) {
  const loaded = loadSpliceCalls();
  if (!loaded.ok) throw new Error(loaded.reason);
  const splicer = createSplicer(loaded.calls, wakeFd, (event) => port.postMessage(event));
  port.on("message", (order: SpliceOrder) => {
    try {
      obey(order);
      while (splicer.size() > 0) if (splicer.turn(turnMs)) obeyAll();
    } catch (error) {
      splicer.close();
      throw error;
    }
  });

  function obeyAll() {
    for (;;) {
      const received = receiveMessageOnPort(port);
      if (!received) return;
      obey(received.message as SpliceOrder);
    }
  }

  function obey(order: SpliceOrder) {
    switch (order.kind) {
      case "add":
        return splicer.add(order.pair);
      case "abort":
        return splicer.abort(order.id);
      case "stop":
        splicer.close();
        return port.close();
    }
  }
}
