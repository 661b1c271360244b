// A thread that dies of the first data connection that it is to make ready.
import { parentPort } from "node:worker_threads";

parentPort?.on("message", ({ kind }: { kind: string }) => {
  if (kind === "ready") throw new Error("as the test wants it");
});
