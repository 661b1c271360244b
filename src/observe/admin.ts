// Admin listener: metrics, health, and a page that links them. Plain HTTP, for loopback or a management network.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { formatEndpoint, type Endpoint } from "../net/endpoint.ts";
import type { Metrics } from "./metrics.ts";

export type Admin = {
  /** Listens, and returns where. Rejects with an Error that names the endpoint and the cause. */
  start(): Promise<Endpoint>;
  /** Closes the listener, and every connection that is not done within `graceMs`, by default at once. */
  stop(graceMs?: number): Promise<void>;
};

export type AdminOptions = {
  readonly listen: Endpoint;
  readonly metrics: Pick<Metrics, "text" | "contentType">;
  /** Listening and able to take sessions; false while stopping. */
  readonly isReady: () => boolean;
};

/** A scraper and a few people; whoever opens more is turned away. */
const maxConnections = 64;

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>ftp-alg</title>
<h1>ftp-alg</h1>
<ul>
<li><a href="/metrics">/metrics</a>: metrics for Prometheus
<li><a href="/healthz">/healthz</a>: the process answers
<li><a href="/readyz">/readyz</a>: the gateways take sessions
</ul>
</html>
`;

export function createAdmin(options: AdminOptions): Admin {
  // Without the adapter's own Request and Response in place of the global ones.
  const server = createAdaptorServer({ fetch: adminApp(options).fetch, overrideGlobalObjects: false }) as Server;
  server.maxConnections = maxConnections;
  return {
    start: () => listen(server, options.listen),
    async stop(graceMs = 0) {
      if (!server.listening) return;
      const cutOff = setTimeout(() => server.closeAllConnections(), graceMs);
      await new Promise<void>((resolve) => server.close(() => resolve()));
      clearTimeout(cutOff);
    },
  };
}

function adminApp({ metrics, isReady }: AdminOptions): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    const { method } = context.req;
    if (method !== "GET" && method !== "HEAD") return context.text("method not allowed\n", 405, { allow: "GET, HEAD" });
    await next();
    context.header("cache-control", "no-store");
    return undefined;
  });
  // Hono answers HEAD by these too.
  app.get("/metrics", async (context) =>
    context.body(await metrics.text(), 200, { "content-type": metrics.contentType }),
  );
  app.get("/healthz", (context) => context.text("ok\n"));
  app.get("/readyz", (context) => (isReady() ? context.text("ready\n") : context.text("not ready\n", 503)));
  app.get("/", (context) => context.html(page));
  app.notFound((context) => context.text("not found\n", 404));
  app.onError((_, context) => context.text("internal error\n", 500));
  return app;
}

function listen(server: Server, { address, port }: Endpoint): Promise<Endpoint> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const why = listenProblems[error.code ?? ""] ?? error.message;
      reject(new Error(`admin: can't listen on ${formatEndpoint({ address, port })}: ${why}`, { cause: error }));
    };
    server.once("error", failed);
    server.listen({ host: address, port }, () => {
      server.off("error", failed);
      const taken = server.address() as AddressInfo;
      resolve({ address: taken.address, port: taken.port });
    });
  });
}

const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "permission denied",
};
