import { describe, expect, test } from "vitest";
import { observe } from "./observing.ts";
import { client, playAll, type TestSession } from "./synthetic.ts";

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
    "server down": 2,
    "server up": 2,
    command: 4,
    reply: 6,
    "TLS started": 2,
    "TLS failed": 1,
    "TLS ended": 1,
    "session is opaque": 1,
    "session is in clear again": 1,
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
    "transfer ended": 15,
    "session ended": 1,
    "configuration reloaded": 1,
    "configuration not reloaded": 1,
  });
});

describe("the level of the log", () => {
  const command = { kind: "command", verb: "NOOP" } as const;
  const told = (session: TestSession): void => {
    session.record(command);
    session.flush();
  };

  test("of a gateway is that of its own lines and of its sessions to come; those that run keep theirs", () => {
    const { gateway, start, messages } = observe("info");
    const before = start();
    gateway.setLogLevel("debug");
    const after = start();
    told(before);
    expect(messages()).toEqual(["session started", "session started"]);
    told(after);
    expect(messages().slice(2)).toEqual(["command"]);
    gateway.setLogLevel("error");
    start();
    gateway.stopped();
    told(after);
    expect(messages().slice(3)).toEqual(["command"]);
    gateway.setLogLevel(undefined);
    gateway.stopped();
    expect(messages().slice(4)).toEqual(["stopped"]);
  });

  test("is debug for a session whose client is in debugFor, whatever the gateway's is", () => {
    const networks = [{ base: "192.168.1.0", bits: 24 }];
    const { gateway, start, messages } = observe("warn", undefined, undefined, networks);
    gateway.setLogLevel("error");
    const session = start();
    told(session);
    networks.splice(0);
    told(session);
    told(start());
    expect(messages()).toEqual(["session started", "command", "command"]);
  });

  test("stays trace for a client in debugFor where it was trace, and IPv6 networks hold no IPv4 client", () => {
    const { gateway, start, lines } = observe("info", undefined, undefined, [
      { base: "::", bits: 0 },
      { base: "192.168.1.100", bits: 32 },
    ]);
    gateway.setLogLevel("trace");
    const session = start();
    session.step({ kind: "client-line", text: "NOOP", quirks: [] }, []);
    session.flush();
    expect(lines.at(-1)).toMatchObject({ level: "trace", msg: "C> NOOP" });
    const other = observe("info", undefined, undefined, [{ base: "::", bits: 0 }]);
    told(other.start());
    expect(other.messages()).toEqual(["session started"]);
  });
});
