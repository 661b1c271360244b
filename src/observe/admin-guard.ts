// Admin guard: what every request to the admin listener has to pass before it is answered, and the form at which a browser exchanges the
// token for a cookie.
import type { HttpBindings } from "@hono/node-server";
import { Hono, type Context, type MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import {
  bearerOf,
  cookieNameOf,
  cookieOf,
  cookieSeconds,
  isCookieOf,
  isForeignOrigin,
  isSame,
  type TokenAttempts,
} from "./admin-access.ts";
import { isHostAllowed } from "./admin-host.ts";
import { secondsOfWallClock } from "./wall-clock.ts";
import { loginPage, loginPolicy } from "./page/login-page.ts";

export type AdminGuardOptions = {
  /** Names that a Host header may have, besides literal addresses and `localhost`; lower case. Asked each time. */
  readonly hosts: () => readonly string[];
  /** Asked each time; undefined: whoever reaches the listener may read, and nobody act. */
  readonly token: () => string | undefined;
  /** By default any number of tokens may be tried. */
  readonly attempts?: TokenAttempts | undefined;
};

const anyNumber: TokenAttempts = { judge: async (_, isRight) => (isRight ? "right" : "wrong") };

/** Orchestrators and load balancers ask for these, and they tell nothing; no more does what stands below /page/. */
const withoutToken = ["/healthz", "/readyz", "/login"];

/** Of a body, which is a token or nothing. */
const mostBodyBytes = 4096;

/** A page of another origin embeds nothing of ours, not even as a script or a picture, and no browser guesses what something is. */
const everywhere = { "x-content-type-options": "nosniff", "cross-origin-resource-policy": "same-origin" };

export function adminGuard({ hosts, token, attempts = anyNumber }: AdminGuardOptions): MiddlewareHandler {
  return async (context, next) => {
    for (const [name, value] of Object.entries(everywhere)) context.header(name, value);
    const { method, path } = context.req;
    const host = context.req.header("host") ?? "";
    if (!isHostAllowed(host, hosts())) {
      return denied(context, 421, "the Host header must be an address, localhost, or one of admin.hosts");
    }
    if (!["GET", "HEAD", "POST"].includes(method)) return notAllowed(context, "GET, HEAD");
    // A browser says so of what a page of another site asks for, unless somebody has followed a link.
    const isOfOtherSite = context.req.header("sec-fetch-site") === "cross-site";
    if (isOfOtherSite && context.req.header("sec-fetch-dest") !== "document") {
      return denied(context, 403, "a page of another site may not ask for that");
    }
    if (method === "POST" && isForeignOrigin(context.req.header("origin"), host)) {
      return denied(context, 403, "a page of another origin may not do that");
    }
    const wanted = token();
    if (!withoutToken.includes(path) && !path.startsWith("/page/")) {
      const access = wanted === undefined ? "right" : await accessOf(context, wanted, attempts);
      if (access !== "right") return unauthorized(context, access);
      if (wanted === undefined && method === "POST") return denied(context, 403, "actions need admin.token to be set");
    }
    // A request that names neither has no body (RFC 9112, 6.3): so curl sends a POST without data.
    if (context.req.header("transfer-encoding") !== undefined) return denied(context, 411, "a body needs its length");
    if (Number(context.req.header("content-length") ?? 0) > mostBodyBytes)
      return denied(context, 413, "too much is sent");
    await next();
    context.header("cache-control", "no-store");
    return undefined;
  };
}

/** What the request shows. A cookie can't be guessed: it is looked at first, and not counted. */
async function accessOf(
  context: Context,
  wanted: string,
  attempts: TokenAttempts,
): Promise<"right" | "none" | "wrong" | "too-many"> {
  const cookie = getCookie(context, cookieNameOf(context.req.header("host") ?? ""));
  if (cookie !== undefined && isCookieOf(cookie, wanted, secondsOfWallClock())) return "right";
  const shown = bearerOf(context.req.header("authorization") ?? "");
  return shown === undefined ? "none" : attempts.judge(addressOf(context), isSame(shown, wanted));
}

/** Of who asks. */
function addressOf({ env }: Context): string {
  return (env as HttpBindings).incoming.socket.remoteAddress ?? "";
}

/** POST /login with the field `token`: a cookie and the way to the page, or the form again. */
export function loginForm({ token, attempts = anyNumber }: Pick<AdminGuardOptions, "token" | "attempts">): Hono {
  const app = new Hono();
  app.get("/", (context) => form(context, 200));
  app.post("/", async (context) => {
    const wanted = token();
    // What can't be read is no token.
    const { token: given } = await context.req.parseBody().catch(() => ({ token: undefined }));
    if (wanted === undefined || typeof given !== "string") return form(context, 401, wrongToken);
    const access = await attempts.judge(addressOf(context), isSame(given.trim(), wanted));
    if (access === "too-many") return tooMany(context, () => form(context, 429, tooManyTokens));
    if (access === "wrong") return form(context, 401, wrongToken);
    const until = secondsOfWallClock() + cookieSeconds;
    const options = { httpOnly: true, sameSite: "Strict", path: "/", maxAge: cookieSeconds } as const;
    setCookie(context, cookieNameOf(context.req.header("host") ?? ""), cookieOf(wanted, until), options);
    return context.redirect("/", 303);
  });
  return app;
}

const wrongToken = "That is not the token.";
const tooManyTokens = "Too many wrong tokens came from this address: try again in a minute.";

/** A person gets the form, a program a sentence. */
function unauthorized(context: Context, access: "none" | "wrong" | "too-many"): Response {
  const isPerson = context.req.method !== "POST" && (context.req.header("accept") ?? "").includes("text/html");
  if (access === "too-many") return tooMany(context, () => denied(context, 429, tooManyTokens));
  if (isPerson) return form(context, 401);
  context.header("www-authenticate", 'Bearer realm="ftp-alg"');
  return denied(context, 401, "the token is needed: Authorization: Bearer TOKEN");
}

function tooMany(context: Context, answer: () => Response): Response {
  context.header("retry-after", "60");
  return answer();
}

export function notAllowed(context: Context, allow: string): Response {
  context.header("allow", allow);
  return denied(context, 405, "method not allowed");
}

function denied(context: Context, status: 401 | 403 | 405 | 411 | 413 | 421 | 429, error: string): Response {
  context.header("cache-control", "no-store");
  return context.req.path.startsWith("/api/") ? context.json({ error }, status) : context.text(`${error}\n`, status);
}

function form(context: Context, status: 200 | 401 | 429, problem?: string): Response {
  context.header("cache-control", "no-store");
  context.header("content-security-policy", loginPolicy);
  context.header("content-type", "text/html; charset=utf-8");
  return context.body(loginPage(problem).markup, status);
}
