import { connect, createServer } from "node:net";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import type { Endpoint } from "../../src/net/endpoint.ts";
import { createAdmin, type Admin, type AdminOptions, type RequestFailure } from "../../src/observe/admin.ts";
import { createMetrics } from "../../src/observe/metrics.ts";

const running: Admin[] = [];
afterEach(async () => {
  for (const admin of running.splice(0)) await admin.stop();
});

async function startAdmin(
  isReady: () => boolean = () => true,
  address = "127.0.0.1",
  options: Partial<AdminOptions> = {},
) {
  const metrics = createMetrics("1.2.3");
  const admin = createAdmin({ listen: { address, port: 0 }, metrics, isReady, ...options });
  running.push(admin);
  const endpoint = await admin.start();
  const host = address.includes(":") ? `[${address}]` : address;
  return { admin, metrics, endpoint, url: `http://${host}:${endpoint.port}` };
}

test("start returns the endpoint with the port that was taken", async () => {
  const { endpoint } = await startAdmin();
  expect(endpoint.address).toBe("127.0.0.1");
  expect(endpoint.port).toBeGreaterThan(0);
});

test("it listens on IPv6 too", async () => {
  const { url } = await startAdmin(undefined, "::1");
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

test("/metrics is the exposition with its content type", async () => {
  const { url, metrics } = await startAdmin();
  const answer = await fetch(`${url}/metrics`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe(metrics.contentType);
  expect(await answer.text()).toContain('ftp_alg_build_info{version="1.2.3"} 1');
});

test("/metrics is OpenMetrics where that is asked for, and packed where gzip is", async () => {
  const { url, metrics } = await startAdmin();
  metrics.gateway("public");
  const accept = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  const answer = await fetch(`${url}/metrics`, { headers: { accept, "accept-encoding": "gzip" } });
  expect(answer.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  expect(answer.headers.get("content-encoding")).toBe("gzip");
  expect(await answer.text()).toMatch(/ftp_alg_sessions_total\{gateway="public",end="quit"\} 0\n[^]*\n# EOF\n$/);
});

test("/healthz answers ok as long as the process does", async () => {
  const { url } = await startAdmin(() => false);
  const answer = await fetch(`${url}/healthz`);
  expect([answer.status, await answer.text()]).toEqual([200, "ok\n"]);
});

test("/readyz follows the readiness", async () => {
  let isReady = false;
  const { url } = await startAdmin(() => isReady);
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  isReady = true;
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

test("anything else is not found", async () => {
  const { url } = await startAdmin();
  for (const path of ["/metrics/", "/config", "/..%2fetc", "/api/sessions"]) {
    expect((await fetch(url + path)).status, path).toBe(404);
  }
});

test("HEAD is answered without a body, other methods are not allowed", async () => {
  const { url } = await startAdmin();
  const head = await fetch(`${url}/healthz`, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const answer = await fetch(`${url}/healthz`, { method });
    expect([answer.status, answer.headers.get("allow")], method).toEqual([405, "GET, HEAD"]);
  }
});

test("a scrape that fails says no more than that, and who runs the gateway is told why", async () => {
  const fail = () => Promise.reject(new Error("secret detail"));
  const failing = { contentType: "text/plain", text: fail, openMetrics: fail };
  const failures: RequestFailure[] = [];
  const admin = createAdmin({
    listen: { address: "127.0.0.1", port: 0 },
    metrics: failing,
    isReady: () => true,
    failed: (failure) => failures.push(failure),
  });
  running.push(admin);
  const answer = await fetch(`http://127.0.0.1:${(await admin.start()).port}/metrics?x=1`);
  expect([answer.status, await answer.text()]).toEqual([500, "internal error\n"]);
  expect(failures).toEqual([{ path: "/metrics", detail: expect.stringContaining("secret detail") }]);
});

test("a port in use is named in the error, and stop is harmless then", async () => {
  const occupant = createServer().listen(0, "127.0.0.1");
  await once(occupant, "listening");
  const { port } = occupant.address() as { port: number };
  const admin = createAdmin({
    listen: { address: "127.0.0.1", port },
    metrics: createMetrics("1"),
    isReady: () => true,
  });
  await expect(admin.start()).rejects.toThrow(`admin: can't listen on 127.0.0.1:${port}: the port is in use`);
  await admin.stop();
  occupant.close();
});

test("an address that the machine does not have is named in the error", async () => {
  const listen = { address: "192.0.2.1", port: 9121 };
  const admin = createAdmin({ listen, metrics: createMetrics("1"), isReady: () => true });
  await expect(admin.start()).rejects.toThrow(
    "admin: can't listen on 192.0.2.1:9121: this machine has no such address",
  );
});

test("stop leaves a request that is under way the time it is given", async () => {
  const { admin, endpoint, url } = await startAdmin();
  const half = connect(endpoint.port, endpoint.address);
  await once(half, "connect");
  half.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
  // The server has read it before it answers another one.
  await (await fetch(`${url}/healthz`)).text();
  const stopped = admin.stop(5000);
  half.write("\r\n");
  expect(String(await once(half, "data"))).toMatch(/^HTTP\/1.1 200 /);
  await stopped;
});

test("stop closes connections that are kept alive, idle or in the middle of a request", async () => {
  const { admin, endpoint, url } = await startAdmin();
  await (await fetch(`${url}/healthz`)).text();
  const half = connect(endpoint.port, endpoint.address);
  await once(half, "connect");
  half.write("GET /metrics HTTP/1.1\r\nhost: localhost\r\n");
  // A peer's RST is as good an end as its FIN.
  half.on("error", () => {});
  const closed = once(half, "close");
  half.resume();
  await (await fetch(`${url}/healthz`)).text();
  await admin.stop();
  await closed;
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  await admin.stop();
});

async function answerTo(endpoint: Endpoint, host: string): Promise<string> {
  const socket = connect(endpoint.port, endpoint.address);
  socket.write(`GET /metrics HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
  return (await text(socket)).split("\r\n", 1)[0] ?? "";
}

test("a Host that is no address, not localhost and not in admin.hosts is answered with 421: no page reads by its own name", async () => {
  const { endpoint } = await startAdmin(undefined, undefined, { hosts: () => ["gw.example.net"] });
  for (const host of ["evil.example", "gw.example.net.evil.example", "example.net", "127.0.0.1.evil.example:9121"]) {
    expect(await answerTo(endpoint, host), host).toMatch(/^HTTP\/1\.1 421 /);
  }
  for (const host of ["127.0.0.1", `127.0.0.1:${endpoint.port}`, "[::1]:9121", "localhost", "GW.example.net:9121"]) {
    expect(await answerTo(endpoint, host), host).toMatch(/^HTTP\/1\.1 200 /);
  }
});

test("a request that is not whole within its time is ended", async () => {
  const { endpoint } = await startAdmin(undefined, undefined, { requestMs: 300 });
  const slow = connect(endpoint.port, endpoint.address).on("error", () => {});
  slow.write("GET /metrics HTTP/1.1\r\nhost: localhost\r\n");
  const startedAt = performance.now();
  expect(await text(slow)).toMatch(/^(?:HTTP\/1\.1 408 [^]*)?$/);
  expect(performance.now() - startedAt).toBeLessThan(2500);
});
