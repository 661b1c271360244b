import { request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { IncomingMessage } from "node:http";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { createAdmin } from "../../src/observe/admin.ts";
import { cookieNameOf, cookieOf, type TokenAttempts } from "../../src/observe/admin-access.ts";
import { createMetrics } from "../../src/observe/metrics.ts";

const token = "correct-horse-battery";

type Options = { readonly token?: () => string | undefined; readonly attempts?: TokenAttempts };

async function setUp(options: Options = { token: () => token }) {
  const listen = { address: "127.0.0.1", port: 0 };
  const admin = createAdmin({ listen, metrics: createMetrics("1"), isReady: () => true, ...options });
  onTestFinished(() => admin.stop());
  const url = `http://127.0.0.1:${(await admin.start()).port}`;
  const statusOf = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).status;
  const login = (given: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/login`, { method: "POST", body: new URLSearchParams({ token: given }), redirect: "manual", headers });
  return { url, statusOf, login };
}

test("where a token is set everything needs it but /healthz and /readyz", async () => {
  const { url, statusOf } = await setUp();
  for (const path of ["/healthz", "/readyz"]) expect(await statusOf(path), path).toBe(200);
  const headers = { authorization: `Bearer ${token}` };
  for (const path of ["/metrics", "/nothing"]) {
    expect(await statusOf(path), path).toBe(401);
    expect(await statusOf(path, { headers: { authorization: "Bearer wrong" } }), path).toBe(401);
    expect(await statusOf(path, { headers }), path).toBe(path === "/nothing" ? 404 : 200);
  }
  expect((await fetch(`${url}/metrics`)).headers.get("www-authenticate")).toBe('Bearer realm="ftp-alg"');
});

test("another token holds from the next request on", async () => {
  let wanted: string | undefined = token;
  const { statusOf } = await setUp({ token: () => wanted });
  const headers = { authorization: `Bearer ${token}` };
  expect(await statusOf("/metrics", { headers })).toBe(200);
  wanted = "another-token-altogether";
  expect(await statusOf("/metrics", { headers })).toBe(401);
  wanted = undefined;
  expect(await statusOf("/metrics")).toBe(200);
});

test("a browser gets a form, and for the token a cookie that no script and no other site sees", async () => {
  const { url, statusOf, login } = await setUp();
  const form = await fetch(url, { headers: { accept: "text/html,*/*" } });
  expect([form.status, form.headers.get("content-type")]).toEqual([401, "text/html; charset=utf-8"]);
  expect(await form.text()).toContain('<form method="post" action="/login">');
  const answer = await login(token, { origin: url });
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
  const cookie = answer.headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(/^ftp-alg-\d+=\d+\.[\w-]{43}; /);
  expect(cookie.split("; ")).toEqual(
    expect.arrayContaining(["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"]),
  );
  expect(await statusOf("/metrics", { headers: { cookie: cookie.split(";")[0] ?? "" } })).toBe(200);
});

test("a wrong token gets the form again and no cookie, and where none is set nobody logs in", async () => {
  for (const options of [{}, { token: () => undefined }]) {
    const { login } = await setUp("token" in options ? options : undefined);
    for (const given of ["", "wrong", "undefined"]) {
      const answer = await login(given);
      expect([answer.status, answer.headers.get("set-cookie")]).toEqual([401, null]);
      expect(await answer.text()).toContain("That is not the token.");
    }
  }
});

test("two gateways on one host each have their own cookie: who enters the second stays in the first", async () => {
  const sites = [await setUp(), await setUp({ token: () => "another-token-altogether" })];
  const tokens = [token, "another-token-altogether"];
  const jar = new Map<string, string>();
  for (const [index, { login }] of sites.entries()) {
    const [pair = ""] = ((await login(tokens[index] ?? "")).headers.get("set-cookie") ?? "").split(";");
    jar.set(...(pair.split("=", 2) as [string, string]));
  }
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  for (const { statusOf } of sites) expect(await statusOf("/metrics", { headers: { cookie } })).toBe(200);
});

test("who has shown too many wrong tokens gets 429 and the time to wait, on the page and elsewhere; a cookie is not counted", async () => {
  const judged: (readonly [string, boolean])[] = [];
  const attempts: TokenAttempts = {
    async judge(address, isRight) {
      judged.push([address, isRight]);
      return "too-many";
    },
  };
  const { url, statusOf, login } = await setUp({ token: () => token, attempts });
  const asked = await fetch(`${url}/api/status`, { headers: { authorization: `Bearer ${token}` } });
  expect([asked.status, asked.headers.get("retry-after")]).toEqual([429, "60"]);
  const answer = await login("wrong");
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "60"]);
  expect(await answer.text()).toContain("Too many wrong tokens came from this address");
  expect(judged).toEqual([
    ["127.0.0.1", true],
    ["127.0.0.1", false],
  ]);
  const until = Math.floor(Date.now() / 1000) + 60;
  const cookie = `${cookieNameOf(new URL(url).host)}=${cookieOf(token, until)}`;
  expect(await statusOf("/metrics", { headers: { cookie } })).toBe(200);
  expect(await statusOf("/metrics")).toBe(401);
  expect(judged).toHaveLength(2);
});

test("a POST from a page of another origin is refused, whatever it shows", async () => {
  const { statusOf, login } = await setUp();
  const headers = { authorization: `Bearer ${token}`, origin: "https://evil.example" };
  expect(await statusOf("/api/drain", { method: "POST", headers })).toBe(403);
  expect((await login(token, { origin: "null" })).status).toBe(403);
});

test("limit: a body of more than 4 KiB, or one without its length, is refused", async () => {
  const { url, login } = await setUp();
  expect((await login("x".repeat(5000))).status).toBe(413);
  const chunked = request(`${url}/login`, { method: "POST", headers: { "transfer-encoding": "chunked" } });
  chunked.on("error", () => {});
  for (let count = 0; count < 10; count += 1) chunked.write("x".repeat(1000));
  chunked.end();
  const [answer] = (await once(chunked, "response")) as [IncomingMessage];
  expect([answer.statusCode, await text(answer)]).toEqual([411, "a body needs its length\n"]);
});

test("a POST without a body needs no Content-Length, as curl sends it", async () => {
  const { url } = await setUp();
  const { host, hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const lines = [
    "POST /login HTTP/1.1",
    `Host: ${host}`,
    "Content-Type: application/x-www-form-urlencoded",
    "Connection: close",
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 401 [^]*That is not the token\./);
});

test("a login that can't be read is no login", async () => {
  const { url } = await setUp();
  for (const type of ["multipart/form-data", "multipart/form-data; boundary=x"]) {
    const headers = { "content-type": type };
    expect((await fetch(`${url}/login`, { method: "POST", headers, body: "--x\r\nnothing" })).status, type).toBe(401);
  }
});

test("a page of another site gets nothing into itself, with or without a token; a link to us may be followed", async () => {
  for (const options of [{}, { token: () => undefined }]) {
    const { url } = await setUp("token" in options ? options : undefined);
    const asked = async (destination: string, site: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { "sec-fetch-site": site, "sec-fetch-dest": destination, authorization: `Bearer ${token}` };
        const sent = request(`${url}/metrics`, { headers }, (answer) => resolve(answer.resume().statusCode));
        sent.on("error", reject).end();
      });
    for (const destination of ["empty", "image", "script", "iframe", "object"]) {
      expect(await asked(destination, "cross-site"), destination).toBe(403);
    }
    expect(await asked("document", "cross-site")).toBe(200);
    expect([await asked("empty", "same-origin"), await asked("document", "none")]).toEqual([200, 200]);
    const { headers } = await fetch(`${url}/healthz`);
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  }
});
