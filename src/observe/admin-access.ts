// Admin access: whether a request may be answered: who knows the token, by header or by the cookie that it was exchanged for, and
// whether a page of somebody else's sends it.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export const cookieName = "ftp-alg";

/** What a request shows; empty where a header is missing. */
export type Credentials = { readonly authorization: string; readonly cookie: string };

/** In a time that does not tell how much of it is right. */
export function isAuthorized({ authorization, cookie }: Credentials, token: string): boolean {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
  return (bearer !== undefined && isSame(bearer, token)) || isSame(cookie, cookieOf(token));
}

export function isSame(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** What a browser keeps in place of the token: of no use to anybody who is not asked for it here, or after the token has changed. */
export function cookieOf(token: string): string {
  return createHmac("sha256", token).update("ftp-alg admin cookie").digest("base64url");
}

/** Whether a page that was not served by `host` sends the request. Browsers say so of every POST; other programs say nothing. */
export function isForeignOrigin(origin: string | undefined, host: string): boolean {
  if (origin === undefined) return false;
  try {
    return new URL(origin).host.toLowerCase() !== host.toLowerCase();
  } catch {
    return true;
  }
}
