// Admin access: whether a request may be answered: who knows the token, by header or by the cookie that it was exchanged for, and
// whether a page of somebody else's sends it.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** Who shows which tokens. */
export type TokenAttempts = {
  /** Counts a token that an address has shown. `too-many`: so many of its tokens were wrong lately that this one is not looked at. */
  judge(address: string, isRight: boolean): Promise<"right" | "wrong" | "too-many">;
};

/** The token in the header Authorization; undefined: there is none. */
export function bearerOf(authorization: string): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
}

/** In a time that does not tell how much of it is right. */
export function isSame(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** How long a browser need not be told the token again. */
export const cookieSeconds = 7 * 24 * 60 * 60;

/** A browser sends a cookie to every port of a host: each has its own name. `host`: as the header Host says it. */
export function cookieNameOf(host: string): string {
  const [, port] = /:(\d{1,5})$/.exec(host) ?? [];
  return port === undefined ? "ftp-alg" : `ftp-alg-${port}`;
}

/**
 * What a browser keeps in place of the token: of no use to anybody who is not asked for it here, or after the token has changed, or
 * after `until` (seconds of the day's clock).
 */
export function cookieOf(token: string, until: number): string {
  return `${until}.${createHmac("sha256", token).update(`ftp-alg admin cookie until ${until}`).digest("base64url")}`;
}

/** Whether it stands for the token at that time, in seconds of the day's clock. */
export function isCookieOf(cookie: string, token: string, now: number): boolean {
  const [, until] = /^(\d{1,12})\./.exec(cookie) ?? [];
  return until !== undefined && Number(until) > now && isSame(cookie, cookieOf(token, Number(until)));
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
