// Page: what people see of the process in a browser. It says what the API says, in tables that need no script.
import type { HttpBindings } from "@hono/node-server";
import { Hono, type Context } from "hono";
import type { ApiDeps } from "../api/api.ts";
import { listQuerySchema } from "../api/session-list.ts";
import { readAssets, type Asset } from "./assets.ts";
import type { Html } from "./html.ts";
import { overviewPage } from "./overview-page.ts";
import { answerPage, endQuestion, questionPage, questions, type Frame, type Question } from "./questions.ts";
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
  const { sessions, clock, version, status, traffic } = deps;
  const app = new Hono();
  const frame = (): Frame => ({ now: clock.timeOf(performance.now()), mayAct: deps.mayAct(), version });

  app.get("/", async (context) => {
    const [overview, said] = await Promise.all([sessions.overview(), status()]);
    const around = { status: said, traffic: traffic(), at: performance.now() };
    return show(context, overviewPage({ ...overview, ...around }, frame()));
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
    const list = await sessions.list(query.data);
    const problem = list === undefined ? "The page that you come from is not kept any more." : undefined;
    const shown = { sessions: list?.sessions ?? [], next: list?.next, problem, gateways };
    return show(context, sessionListPage(shown, wanted, frame()));
  });
  app.get("/sessions/:id", async (context) => {
    const drawn = await sessions.drawn(context.req.param("id"), context.req.query("transfer"));
    if (drawn === undefined) return missing(context, frame());
    return show(context, sessionPage(drawn.session, { markup: drawn.ladder }, frame()));
  });
  addActions(app, deps, frame);
  addAssets(app, readAssets());
  return app;
}

/** Each is asked by GET and done by POST, which the guard has seen to. */
function addActions(app: Hono, deps: PageDeps, frame: () => Frame): void {
  const { actions, sessions } = deps;
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
  app.get("/sessions/:id/end", async (context) => {
    const id = context.req.param("id");
    const isKept = (await sessions.detail(id)) !== undefined;
    return isKept ? ask(context, endQuestion(id), `/sessions/${id}/end`, `/sessions/${id}`) : missing(context, frame());
  });
  app.post("/sessions/:id/end", async (context) => {
    const id = context.req.param("id");
    // One that has ended meanwhile is as wanted.
    const outcome = await sessions.end(id);
    return outcome === "missing" ? missing(context, frame()) : context.redirect(`/sessions/${id}`, 303);
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
