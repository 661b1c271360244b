import { expect, test } from "vitest";
import { cookieOf, isAuthorized, isForeignOrigin, isSame } from "../../src/observe/admin-access.ts";

const token = "correct-horse-battery";
const bearer = (authorization: string) => isAuthorized({ authorization, cookie: "" }, token);
const cookie = (given: string) => isAuthorized({ authorization: "", cookie: given }, token);

test("the token travels as a bearer, in whatever case the scheme is written", () => {
  for (const header of [`Bearer ${token}`, `bearer ${token}`, `Bearer  ${token} `]) expect(bearer(header)).toBe(true);
  for (const header of ["", token, `Basic ${token}`, `Bearer ${token}x`, "Bearer", `Bearer x ${token}`]) {
    expect(bearer(header), header).toBe(false);
  }
});

test("a cookie stands for the token, is not the token, and falls with it", () => {
  expect(cookie(cookieOf(token))).toBe(true);
  expect(cookieOf(token)).not.toContain(token);
  for (const given of ["", token, cookieOf("another-token-altogether")]) expect(cookie(given), given).toBe(false);
});

test("texts of any length are compared", () => {
  expect([isSame("", ""), isSame("a", "a"), isSame("a", "b"), isSame("a", "aa")]).toEqual([true, true, false, false]);
});

test("an origin that is not the host that was asked is foreign; who names none is no browser", () => {
  expect(isForeignOrigin(undefined, "gw:9121")).toBe(false);
  for (const origin of ["http://gw:9121", "https://GW:9121"]) expect(isForeignOrigin(origin, "gw:9121")).toBe(false);
  for (const origin of ["null", "", "http://gw", "http://evil.example", "http://gw:9121.evil.example"]) {
    expect(isForeignOrigin(origin, "gw:9121"), origin).toBe(true);
  }
});
