import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createEventStream, eventsOf, type EventStreamOptions } from "../../../src/observe/api/event-stream.ts";
import { eventSchema, type EventAnswer } from "../../../src/observe/api/schemas.ts";
import { createEventFeed } from "../../../src/observe/event-feed.ts";
import { createWallClock } from "../../../src/observe/wall-clock.ts";
import { downloadWhole, until } from "../../gateway/stage.ts";
import { client } from "../synthetic.ts";
import { setApi } from "./api-stage.ts";

/** What a listener hears, each event checked against its schema. */
async function listenTo(url: string) {
  const control = new AbortController();
  onTestFinished(() => control.abort());
  const answer = await fetch(`${url}/api/events`, { signal: control.signal });
  const events: EventAnswer[] = [];
  let text = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const [, kind, data = ""] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
        if (kind === undefined) continue;
        const event = eventSchema.parse(JSON.parse(data));
        expect(event.kind).toBe(kind);
        events.push(event);
      }
    }
  })();
  reading.catch(() => {});
  return { answer, events, stop: () => control.abort() };
}

test("whoever listens hears of sessions, transfers, refusals and reloads as they happen", async () => {
  const stage = await setApi();
  const { answer, events } = await listenTo(stage.url);
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  const control = await stage.login();
  await downloadWhole(control);
  await control.ask("PORT 127,0,0,1,0,20");
  await control.ask("QUIT");
  stage.telemetry.configReloaded("failure", "gateways: nothing");
  await until(() => events.some(({ kind }) => kind === "session-ended"));
  const session = expect.stringMatching(/^[0-9a-z]{8}$/);
  expect(events.toSorted((a, b) => Number(a.kind === "reload") - Number(b.kind === "reload"))).toMatchObject([
    { kind: "session-started", session, gateway: "test", client: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
    { kind: "transfer-started", session, transfer: { verb: "RETR", path: "x" } },
    { kind: "transfer-ended", session, user: "u", transfer: { outcome: "complete", bytesDown: 10_000 } },
    { kind: "refusal", session, reason: "low-port" },
    { kind: "session-ended", session, end: { reason: "quit" }, failed: false, bytesDown: 10_000, transferCount: 1 },
    { kind: "reload", result: "failure", detail: "gateways: nothing" },
  ]);
});

test("whoever listens hears of a pool's server that is down, and of its return, once each", async () => {
  const stage = await setApi();
  const { events } = await listenTo(stage.url);
  const telemetry = stage.telemetry.gateway("pool");
  const server = { name: "a.example.net:21" };
  telemetry.serverConnected(server, "unreachable", { change: undefined, detail: "ECONNREFUSED" });
  telemetry.serverConnected(server, "unreachable", { change: "down", detail: "ECONNREFUSED" });
  telemetry.serverChecked(server, true, { change: "up", detail: "" });
  await until(() => events.length >= 2);
  expect(events).toMatchObject([
    { kind: "server-down", gateway: "pool", server: "a.example.net:21", detail: "ECONNREFUSED" },
    { kind: "server-up", gateway: "pool", server: "a.example.net:21", detail: "" },
  ]);
});

test("limit: 16 may listen; who comes then is told so, until one has gone", async () => {
  const stage = await setApi();
  const listeners = await Promise.all(Array.from({ length: 16 }, () => listenTo(stage.url)));
  expect(await stage.refusal("/api/events")).toBe("503 too many listen to the events");
  listeners[0]?.stop();
  await until(async () => {
    const next = await listenTo(stage.url);
    return next.answer.status === 200;
  });
});

test("HEAD does not listen", async () => {
  const stage = await setApi();
  for (let count = 0; count < 20; count += 1) {
    expect((await stage.fetch("/api/events", { method: "HEAD" })).status).toBe(200);
  }
});

/** A stream of its own, and a listener that does not read until it is told to. */
async function setStream(options: EventStreamOptions) {
  const feed = createEventFeed();
  const stream = createEventStream(eventsOf(feed, createWallClock()), options);
  const responses: ServerResponse[] = [];
  const server = createServer((_, response) => {
    responses.push(response);
    stream.add(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const deaf = connect(port, "127.0.0.1").on("error", () => {});
  deaf.pause();
  deaf.write("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await until(() => responses.length === 1);
  const publish = () =>
    feed.publish({ kind: "refusal", session: undefined, gateway: "x".repeat(1000), client, reason: "banned" });
  const [response = expect.fail()] = responses;
  return { deaf, response, publish };
}

test("limit: who does not read what happens is dropped once so much waits for it, and holds no more", async () => {
  const { response, publish } = await setStream({ mostUnsentBytes: 100_000 });
  let most = 0;
  await until(() => {
    for (let count = 0; count < 100; count += 1) publish();
    most = Math.max(most, response.writableLength);
    return response.destroyed;
  });
  expect(most).toBeLessThan(110_000);
});

test("who has not taken three heartbeats in a row is dropped, and who listens in quiet times is not", async () => {
  const { deaf, response, publish } = await setStream({ heartbeatMs: 20, mostUnsentBytes: 10_000_000 });
  const startedAt = performance.now();
  await until(() => performance.now() - startedAt > 150);
  expect(response.destroyed).toBe(false);
  for (let count = 0; count < 5000; count += 1) publish();
  await until(() => response.destroyed);
  deaf.destroy();
});
