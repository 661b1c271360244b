import { expect, test } from "vitest";
import { observe } from "./observing.ts";
import { client, playAll } from "./synthetic.ts";

test("a session is active from its start to its end, and ends for one reason", async () => {
  const { start, counted } = observe();
  const session = start();
  expect(await counted("sessions_active")).toEqual({ "": 1 });
  session.record({ kind: "ended", reason: "client-gone", detail: "ECONNRESET" });
  expect(await counted("sessions_active")).toEqual({});
  expect(await counted("sessions_total")).toEqual({ "client-gone": 1 });
});

test("a client turned away at the limit is a refusal and an ended session, never an active one", async () => {
  const { gateway, counted, lines } = observe();
  gateway.sessionRefused(client, "too-many-sessions-per-client");
  expect(await counted("refusals_total")).toEqual({ "too-many-sessions-per-client": 1 });
  expect(await counted("sessions_total")).toEqual({ "too-many-sessions-per-client": 1 });
  expect(await counted("sessions_active")).toEqual({});
  expect(lines).toMatchObject([{ level: "warn", msg: "session refused", client: "192.168.1.100:51020" }]);
});

test("a stopped gateway has no data ports any more", async () => {
  const { gateway, counted } = observe();
  gateway.dataPorts("server", () => ({ free: 3, open: 2, resting: 1 }));
  expect(await counted("data_ports")).toEqual({ "server free": 3, "server open": 2, "server resting": 1 });
  gateway.stopped();
  expect(await counted("data_ports")).toEqual({});
});

test("a reload is counted by its result", async () => {
  const { telemetry, counted, lines } = observe();
  telemetry.configReloaded("success", "");
  telemetry.configReloaded("failure", "admin.listen: expected an endpoint");
  expect(await counted("config_reloads_total")).toEqual({ success: 1, failure: 1 });
  expect(lines).toMatchObject([{ level: "info" }, { level: "error", detail: "admin.listen: expected an endpoint" }]);
});

test("every fact is one line, and the session comes first in it", () => {
  const { telemetry, lines } = observe("debug");
  playAll(telemetry);
  const ofSession = lines.filter((line) => "session" in line);
  expect(ofSession.every((line) => Object.keys(line).slice(0, 4).join() === "level,time,session,gateway")).toBe(true);
  const perMessage = Object.groupBy(lines, (line) => String(line["msg"]));
  expect(Object.fromEntries(Object.entries(perMessage).map(([msg, own]) => [msg, own?.length]))).toEqual({
    listening: 1,
    "accept failed": 1,
    "session refused": 1,
    "session started": 1,
    "server connected": 1,
    command: 4,
    reply: 6,
    "logged in": 1,
    "login failed": 1,
    quirk: 1,
    refused: 1,
    "server rejects mode": 1,
    translated: 1,
    "pinhole refused": 1,
    "pinhole opened": 1,
    stranger: 1,
    "other source port": 1,
    "transfer started": 1,
    "pinhole closed": 1,
    "transfer ended": 12,
    "session ended": 1,
    "configuration reloaded": 1,
    "configuration not reloaded": 1,
  });
});
