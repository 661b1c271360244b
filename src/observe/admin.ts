// Admin listener: metrics, health, the API, and pages for people. Plain HTTP, for loopback or a management network.
import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import type { AddressInfo, ListenOptions } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { formatEndpoint, type Endpoint } from "../net/endpoint.ts";
import { createApi, type ApiDeps } from "./api/api.ts";
import type { TokenAttempts } from "./admin-access.ts";
import { boundConnections, boundWaiting } from "./admin-connections.ts";
import { adminGuard, loginForm, notAllowed } from "./admin-guard.ts";
import { exposition } from "./exposition.ts";
import type { MetricsReader } from "./metrics.ts";
import { createPage } from "./page/page.ts";
import { formatReadiness, type Condition } from "./readiness.ts";
import type { TrafficPoint } from "./page/traffic-series.ts";

export type Admin = {
  readonly server: Server;
  /** Listens, and returns where. Rejects with an Error that names the endpoint and the cause. */
  start(): Promise<Endpoint>;
  /** Closes the listener, and every connection that is not done within `graceMs`, by default at once. */
  stop(graceMs?: number): Promise<void>;
};

/** `path` without its query. */
export type RequestFailure = { readonly path: string; readonly detail: string };

export type AdminOptions = {
  readonly listen: Endpoint;
  /** Other processes of the same user may listen there too if they say the same (SO_REUSEPORT); port 0 is never shared. */
  readonly mayShare?: boolean;
  /** Of a socket that listens there already; it is the listener's from the start on. */
  readonly descriptor?: number | undefined;
  /** Names that a Host header may have, besides literal addresses and `localhost`; lower case. Asked each time. */
  readonly hosts?: () => readonly string[];
  /** What a request must show, but for /healthz and /readyz; undefined: nothing. Asked each time. */
  readonly token?: () => string | undefined;
  /** Who has shown wrong tokens; by default any number may be tried. */
  readonly attempts?: TokenAttempts;
  /** The time for a request to arrive; by default 5 seconds. */
  readonly requestMs?: number;
  readonly metrics: Pick<MetricsReader, "text" | "contentType" | "openMetrics">;
  /** Listening and able to take sessions; false while stopping. */
  readonly isReady: () => boolean | Promise<boolean>;
  /** What `/readyz?verbose` says besides; by default nothing. */
  readonly conditions?: () => readonly Condition[] | Promise<readonly Condition[]>;
  /** Tries a gateway, as it is asked for behind `?`, within that time; what is answered. */
  readonly probe?: (
    query: { readonly gateway: string | undefined; readonly mode: string | undefined },
    timeoutMs: number,
  ) => Promise<{ readonly status: 200 | 400 | 404 | 503; readonly text: string }>;
  /** What is served below /api, and said by the page. */
  readonly api?: ApiDeps;
  /** Told of each request that our own mistake has left without an answer. */
  readonly failed?: (failure: RequestFailure) => void;
  /** What the page draws beside that; by default nothing. */
  readonly traffic?: () => readonly TrafficPoint[];
};

/** A scraper and a few people. */
const maxConnections = 64;

/** A request is a few lines: nobody honest needs longer for one, or to read some of the answer. */
const requestMs = 5000;
const unreadMs = 10_000;
const mostProbeMs = unreadMs - 1000;

export function createAdmin(options: AdminOptions): Admin {
  // Without the adapter's own Request and Response in place of the global ones.
  const { fetch } = adminApp(options);
  const limitMs = options.requestMs ?? requestMs;
  // How often the times are looked at.
  const connectionsCheckingInterval = Math.min(limitMs, 2500);
  const serverOptions = { headersTimeout: limitMs, requestTimeout: limitMs, connectionsCheckingInterval };
  const create = (wanted: ServerOptions, listener: RequestListener): Server =>
    createServer(wanted, boundWaiting(listener));
  const server = createAdaptorServer({
    ...{ fetch, overrideGlobalObjects: false, serverOptions },
    createServer: create as typeof createServer,
  }) as Server;
  boundConnections(server, maxConnections);
  // A connection on which neither side gets on while a request is answered. One that is kept alive has its own time.
  server.setTimeout(unreadMs);
  return {
    server,
    start: () => start(server, options),
    async stop(graceMs = 0) {
      if (!server.listening) return;
      const cutOff = setTimeout(() => server.closeAllConnections(), graceMs);
      await new Promise<void>((resolve) => server.close(() => resolve()));
      clearTimeout(cutOff);
    },
  };
}

/** Answers requests, wherever they come from. */
export function adminApp(options: AdminOptions): Hono {
  const {
    metrics,
    isReady,
    conditions = () => [],
    failed = () => {},
    api,
    probe,
    traffic = () => [],
    hosts = () => [],
    token = () => undefined,
    attempts,
  } = options;
  const guard = { hosts, token, attempts };
  const app = new Hono();
  app.use(adminGuard(guard));
  app.route("/login", loginForm(guard));
  // Hono answers HEAD by these too.
  app.get("/metrics", async ({ req, body: answer }) => {
    const { accept = "", "accept-encoding": acceptEncoding = "" } = req.header();
    const { body, headers } = await exposition(metrics, { accept, acceptEncoding });
    return answer(body, 200, headers);
  });
  if (probe !== undefined) {
    app.get("/probe", async ({ req, text }) => {
      const { gateway, mode } = req.query();
      const answer = await probe({ gateway, mode }, probeTime(req.header("x-prometheus-scrape-timeout-seconds")));
      return text(answer.text, answer.status);
    });
  }
  app.get("/healthz", (context) => context.text("ok\n"));
  app.get("/readyz", async ({ req, text }) => {
    const is = await isReady();
    const said = req.query("verbose") === undefined ? [] : await conditions();
    return text(formatReadiness(is, said), is ? 200 : 503);
  });
  if (api !== undefined) {
    app.route("/api", createApi(api));
    app.route("/", createPage({ ...api, traffic, mayAct: () => token() !== undefined }));
  }
  app.post("*", (context) => notAllowed(context, "GET, HEAD"));
  app.notFound((context) => context.text("not found\n", 404));
  app.onError((error, context) => {
    failed({ path: context.req.path, detail: error.stack ?? error.message });
    return context.text("internal error\n", 500);
  });
  return app;
}

/** What a scraper leaves for an answer, which it says in seconds; below the time in which nothing may happen on a connection. */
function probeTime(scrapeSeconds: string | undefined): number {
  const given = Number(scrapeSeconds);
  const ms = given > 0 ? given * 1000 - 500 : mostProbeMs;
  return Math.max(0, Math.min(ms, mostProbeMs));
}

/** Rejects with an Error that names the endpoint. Where the system can't share a port, it listens alone. */
async function start(server: Server, options: AdminOptions): Promise<Endpoint> {
  const { listen: wanted, mayShare = false, descriptor } = options;
  const { address: host, port: wantedPort } = wanted;
  try {
    if (descriptor === undefined) {
      const reusePort = mayShare && wantedPort !== 0;
      await listen(server, { host, port: wantedPort, reusePort }).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOTSUP") throw error;
        return listen(server, { host, port: wantedPort });
      });
    } else await listen(server, { fd: descriptor });
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const why = listenProblems[code] ?? message;
    throw new Error(`admin: can't listen on ${formatEndpoint(wanted)}: ${why}`, { cause: error });
  }
  const { address, port } = server.address() as AddressInfo;
  return { address, port };
}

function listen(server: Server, where: ListenOptions & { readonly fd?: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "permission denied",
};
