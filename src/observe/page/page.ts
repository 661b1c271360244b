// Page: what people see of the process in a browser. It says what the API says, in tables that need no script.
import type { HttpBindings } from "@hono/node-server";
import { Hono, type Context } from "hono";
import type { ApiDeps } from "../api/api.ts";
import { sessionAnswer, sessionDetailAnswer, type Asked } from "../api/session-answer.ts";
import { listQuerySchema, listSessions } from "../api/session-list.ts";
import type { KeptSession } from "../kept-session.ts";
import { readAssets, type Asset } from "./assets.ts";
import type { Html } from "./html.ts";
import { overviewOf } from "./overview.ts";
import { overviewPage } from "./overview-page.ts";
import { answerPage, endQuestion, questionPage, questions, type Frame, type Question } from "./questions.ts";
import { sessionLadder } from "./session-ladder.ts";
import { sessionListPage, type Wanted } from "./session-list-page.ts";
import { sessionPage } from "./session-page.ts";
import type { TrafficPoint } from "./traffic-series.ts";

export type PageDeps = ApiDeps & {
  /** Of the last hour, the oldest first. */
  readonly traffic: () => readonly TrafficPoint[];
  /** There is a token, so that who sees the page may act. */
  readonly mayAct: () => boolean;
};

const mostInPage = 100;

export function createPage(deps: PageDeps): Hono {
  const { history, update, clock, version, status, traffic } = deps;
  const app = new Hono();
  const asked = (): Asked => {
    update();
    return { now: performance.now(), clock };
  };
  const frame = (): Frame => ({ now: clock.timeOf(performance.now()), mayAct: deps.mayAct(), version });
  const named = (context: Context): KeptSession | undefined => history.find(context.req.param("id") ?? "");

  app.get("/", async (context) => {
    const now = asked();
    const overview = overviewOf(history.newestFirst(), await status(), traffic(), now);
    return show(context, overviewPage(overview, frame()));
  });
  app.get("/sessions", async (context) => {
    const given = context.req.query();
    const wanted = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== "")) as Wanted;
    const query = listQuerySchema.safeParse({ limit: mostInPage, ...wanted });
    const gateways = (await status()).gateways.map(({ name }) => name);
    if (!query.success) {
      const problem = query.error.issues.map(({ path, message }) => [...path, message].join(": ")).join("; ");
      return show(context, sessionListPage({ sessions: [], problem, gateways }, wanted, frame()), 400);
    }
    const now = asked();
    const list = listSessions(history.newestFirst(), query.data);
    const problem = list === undefined ? "The page that you come from is not kept any more." : undefined;
    const sessions = (list?.sessions ?? []).map((kept) => sessionAnswer(kept, now));
    return show(context, sessionListPage({ sessions, next: list?.next, problem, gateways }, wanted, frame()));
  });
  app.get("/sessions/:id", (context) => {
    const now = asked();
    const kept = named(context);
    if (kept === undefined) return missing(context, frame());
    const ladder = sessionLadder(kept, context.req.query("transfer"));
    return show(context, sessionPage(sessionDetailAnswer(kept, now), ladder, frame()));
  });
  addActions(app, deps, frame);
  addAssets(app, readAssets());
  return app;
}

/** Each is asked by GET and done by POST, which the guard has seen to. */
function addActions(app: Hono, deps: PageDeps, frame: () => Frame): void {
  const { actions, history, update } = deps;
  const ask = (context: Context, question: Question, action: string, back: string): Response =>
    deps.mayAct()
      ? show(context, questionPage(question, action, back, frame()))
      : show(context, answerPage("Not without a token", "Actions need admin.token to be set.", back, frame()), 403);
  app.get("/reload", (context) => ask(context, questions.reload, "/reload", "/"));
  app.post("/reload", async (context) => {
    try {
      await actions.reload();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return show(context, answerPage("Not reloaded, nothing has changed", why, "/", frame()), 422);
    }
    return context.redirect("/", 303);
  });
  app.get("/drain", (context) => ask(context, questions.drain, "/drain", "/"));
  app.post("/drain", (context) => {
    const { outgoing } = context.env as HttpBindings;
    // Without a session the process is at its end at once.
    outgoing.once("close", actions.drain);
    const text = "No new session is accepted. The process ends when the last session has.";
    return show(context, answerPage("The gateways drain", text, "/", frame()));
  });
  // The id of a session that is kept holds nothing that could lead elsewhere.
  app.on(["GET", "POST"], "/sessions/:id/end", (context) => {
    update();
    const { id, end } = history.find(context.req.param("id"))?.record ?? {};
    if (id === undefined) return missing(context, frame());
    if (context.req.method !== "POST") return ask(context, endQuestion(id), `/sessions/${id}/end`, `/sessions/${id}`);
    // One that has ended meanwhile is as wanted.
    if (end === undefined) actions.endSession(id);
    return context.redirect(`/sessions/${id}`, 303);
  });
}

function missing(context: Context, frame: Frame): Response {
  const text = "It was never there, or it is not kept any more.";
  return show(context, answerPage("No such session", text, "/sessions", frame), 404);
}

const nosniff = { "x-content-type-options": "nosniff" };

function addAssets(app: Hono, assets: Readonly<Record<string, Asset>>): void {
  for (const [name, { contentType, body }] of Object.entries(assets)) {
    app.get(`/page/${name}`, (context) => context.body(body, 200, { "content-type": contentType, ...nosniff }));
  }
}

/** A referrer of its own, without which browsers say `Origin: null` of a form. */
const referrer = { "referrer-policy": "same-origin" };

/** Nothing that is not of this process is loaded or sent to, and nothing that stands in the page itself is run. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

function show(context: Context, page: Html, status: 200 | 400 | 403 | 404 | 422 = 200): Response {
  return context.body(page.markup, status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy,
    ...nosniff,
    ...referrer,
  });
}
