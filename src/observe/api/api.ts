// API: what operators and their programs ask of the process over HTTP, below /api. Answers are JSON as schemas.ts has it; a trace is
// text. What is wrong with a request is answered with 4xx and { error }.
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono, type Context } from "hono";
import type { z } from "zod";
import type { SessionReader } from "../session-reader.ts";
import { escapeUnprintable } from "../unprintable.ts";
import type { WallClock } from "../wall-clock.ts";
import type { EventStream } from "./event-stream.ts";
import { openApiDocument } from "./openapi.ts";
import type { StatusAnswer } from "./schemas.ts";
import { listQuerySchema } from "./session-list.ts";
import { traceFormats, traceQuerySchema } from "./trace-formats.ts";

export type ApiDeps = {
  readonly version: string;
  readonly clock: WallClock;
  readonly sessions: SessionReader;
  readonly status: () => Promise<StatusAnswer>;
  readonly events: EventStream;
  readonly actions: ApiActions;
};

export type ApiActions = {
  /** Rejects with an Error that says what is wrong with the configuration. */
  reload(): Promise<void>;
  drain(): void;
};

export function createApi(deps: ApiDeps): Hono {
  const { sessions } = deps;
  const api = new Hono();
  api.get("/status", async (context) => json(context, await deps.status()));
  api.get("/openapi.json", (context) => json(context, openApiDocument(deps.version)));
  api.get("/sessions", async (context) => {
    const query = read(context, listQuerySchema);
    if (query instanceof Response) return query;
    const list = await sessions.list(query);
    if (list === undefined) return failed(context, 404, `before: no session ${query.before} is kept`);
    return json(context, { sessions: list.sessions, ...(list.next !== undefined && { next: list.next }) });
  });
  api.get("/sessions/:id", async (context) => {
    const id = context.req.param("id");
    const session = await sessions.detail(id);
    return session === undefined ? notKept(context, id) : json(context, session);
  });
  api.get("/sessions/:id/trace", async (context) => {
    const query = read(context, traceQuerySchema);
    if (query instanceof Response) return query;
    const id = context.req.param("id");
    const trace = await sessions.trace(id, query);
    if ("text" in trace) {
      const { contentType } = traceFormats[query.format];
      return context.body(trace.text, 200, { "content-type": contentType, "content-security-policy": stylesAlone });
    }
    if (trace.missing === "session") return notKept(context, id);
    return failed(context, 404, `no transfer ${query.transfer} of session ${id} is kept`);
  });
  api.get("/events", (context) => {
    const { outgoing } = context.env as HttpBindings;
    if (context.req.method === "HEAD") return context.body(null, 200, { "content-type": "text/event-stream" });
    return deps.events.add(outgoing) ? RESPONSE_ALREADY_SENT : failed(context, 503, "too many listen to the events");
  });
  addActions(api, deps);
  api.get("*", (context) => failed(context, 404, "not found"));
  return api;
}

/** Who may act has been seen to before. */
function addActions(api: Hono, { actions, sessions }: ApiDeps): void {
  api.post("/reload", async (context) => {
    try {
      await actions.reload();
      return json(context, { result: "success" });
    } catch (error) {
      return failed(context, 422, error instanceof Error ? error.message : String(error));
    }
  });
  api.post("/drain", (context) => {
    const { outgoing } = context.env as HttpBindings;
    // Without a session it is at its end at once.
    outgoing.once("close", actions.drain);
    return json(context, { state: "draining" });
  });
  api.post("/sessions/:id/end", async (context) => {
    const id = context.req.param("id");
    const outcome = await sessions.end(id);
    if (outcome === "missing") return notKept(context, id);
    if (outcome === "has-ended") return failed(context, 409, `session ${id} has ended already`);
    return json(context, { id, state: "ended" });
  });
}

function notKept(context: Context, id: string): Response {
  return failed(context, 404, `no session ${id} is kept`);
}

/** Of a drawing that is opened by itself. */
const stylesAlone = "default-src 'none'; style-src 'unsafe-inline'";

type Failure = 400 | 404 | 409 | 422 | 503;

/** Peers choose some of the texts: nothing in them acts on a terminal that shows the answer. */
function json(context: Context, answer: object, status: 200 | Failure = 200): Response {
  return context.body(`${escapeUnprintable(JSON.stringify(answer))}\n`, status, { "content-type": "application/json" });
}

function failed(context: Context, status: Failure, error: string): Response {
  return json(context, { error }, status);
}

/** What stands behind `?`, or the answer that says what is wrong with it. */
function read<S extends z.ZodType>(context: Context, schema: S): z.output<S> | Response {
  const parsed = schema.safeParse(context.req.query());
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => [...path, message].join(": "));
  return failed(context, 400, problems.join("; "));
}
