import { expect, test } from "vitest";
import {
  bearerOf,
  cookieNameOf,
  cookieOf,
  isCookieOf,
  isForeignOrigin,
  isSame,
} from "../../src/observe/admin-access.ts";

const token = "correct-horse-battery";
const now = 1_800_000_000;
const cookie = (given: string) => isCookieOf(given, token, now);

test("the token travels as a bearer, in whatever case the scheme is written", () => {
  for (const header of [`Bearer ${token}`, `bearer ${token}`, `Bearer  ${token} `])
    expect(bearerOf(header)).toBe(token);
  for (const header of ["", token, `Basic ${token}`, "Bearer", `Bearer x ${token}`]) {
    expect(bearerOf(header), header).toBeUndefined();
  }
});

test("a cookie stands for the token, is not the token, and falls with it", () => {
  const ours = cookieOf(token, now + 60);
  expect(cookie(ours)).toBe(true);
  expect(ours).not.toContain(token);
  for (const given of ["", token, `${now + 60}.`, cookieOf("another-token-altogether", now + 60)]) {
    expect(cookie(given), given).toBe(false);
  }
});

test("attack: a cookie is good until the time that stands in it, which nobody else can put off", () => {
  const old = cookieOf(token, now);
  expect(isCookieOf(old, token, now - 1)).toBe(true);
  expect(cookie(old)).toBe(false);
  for (const later of [`${now + 60}`, "9".repeat(12), `0${now}`])
    expect(cookie(old.replace(/^\d+/, later))).toBe(false);
});

test("each port of a host has a cookie of its own name", () => {
  const names = ["gw", "gw:9121", "127.0.0.1:9122", "[::1]:9121", "[::1]"].map(cookieNameOf);
  expect(names).toEqual(["ftp-alg", "ftp-alg-9121", "ftp-alg-9122", "ftp-alg-9121", "ftp-alg"]);
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
