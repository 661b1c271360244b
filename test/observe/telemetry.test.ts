import { expect, test } from "vitest";
import type { PinholeOutcome } from "../../src/dataplane/pinhole.ts";
import { createLogger, type LogLevel } from "../../src/observe/log.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { createTelemetry, type GatewayTelemetry, type SessionTelemetry } from "../../src/observe/telemetry.ts";
import { client, listener, playAll, readExposition, server, transferEnded } from "./synthetic.ts";

type LogLine = Record<string, unknown>;

function observe(level: LogLevel = "trace") {
  const lines: LogLine[] = [];
  const metrics = createMetrics("1.2.3");
  const logger = createLogger({ level, format: "json" }, (line) => lines.push(JSON.parse(line) as LogLine));
  const telemetry = createTelemetry({ metrics, logger });
  const gateway: GatewayTelemetry = telemetry.gateway("public");
  return {
    telemetry,
    gateway,
    lines,
    start: (): SessionTelemetry => gateway.sessionStarted("k3f9", client, listener),
    /** The values that are not 0, by the values of their labels without the gateway. */
    counted: async (metric: string): Promise<Record<string, number>> => {
      const own = readExposition(await metrics.text()).samples.filter(
        (sample) => sample.metric === `ftp_alg_${metric}`,
      );
      const moved = own.filter(({ value }) => value !== 0);
      const words = (labels: Record<string, string>) =>
        Object.entries(labels)
          .filter(([label]) => label !== "gateway")
          .map(([, value]) => value);
      return Object.fromEntries(moved.map(({ labels, value }) => [words(labels).join(" "), value]));
    },
    observations: async (metric: string): Promise<number> => {
      const match = new RegExp(`^ftp_alg_${metric}_count (\\d+)$`, "m").exec(await metrics.text());
      return Number(match?.[1]);
    },
    messages: () => lines.map((line) => line["msg"]),
  };
}

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

test("replies are counted by class, protected ones as other", async () => {
  const { start, counted } = observe();
  const session = start();
  for (const code of [125, 150, 200, 331, 425, 550, 631]) session.record({ kind: "reply", code });
  expect(await counted("replies_total")).toEqual({ "1xx": 2, "2xx": 1, "3xx": 1, "4xx": 1, "5xx": 1, other: 1 });
});

test("commands, refusals, quirks and translations are counted by their words", async () => {
  const { start, counted } = observe();
  const session = start();
  session.record({ kind: "command", verb: "RETR" });
  session.record({ kind: "command", verb: "XYZZY" });
  session.record({ kind: "refusal", reason: "port-zero", detail: "" });
  session.record({ kind: "quirk", quirk: "leading-zero" });
  session.otherSourcePort("client", 20, "EACCES");
  session.record({ kind: "translated", from: "EPRT", to: "PASV" });
  expect(await counted("commands_total")).toEqual({ RETR: 1, other: 1 });
  expect(await counted("refusals_total")).toEqual({ "port-zero": 1 });
  expect(await counted("quirks_total")).toEqual({ "leading-zero": 1, "other-source-port": 1 });
  expect(await counted("translations_total")).toEqual({ "EPRT PASV": 1 });
});

test.each<[PinholeOutcome, string]>([
  ["complete", "used"],
  ["client-reset", "used"],
  ["server-reset", "used"],
  ["stalled", "used"],
  ["client-unreachable", "used"],
  ["server-unreachable", "used"],
  ["aborted", "used"],
  ["expired", "expired"],
  ["released", "released"],
])("a pinhole that closes as %s is counted as %s", async (outcome, fate) => {
  const { start, counted } = observe();
  const session = start();
  session.pinholeOpened(["client"], "relay", 0.001, listener, undefined);
  expect(await counted("pinholes_active")).toEqual({ "client relay": 1 });
  session.pinholeClosed(["client"], "relay", outcome);
  expect(await counted("pinholes_active")).toEqual({});
  expect(await counted("pinholes_total")).toEqual({ [`client relay ${fate}`]: 1 });
});

test("a pinhole that listens on both sides counts on both, one that listens on none only takes time", async () => {
  const { start, counted, observations } = observe();
  const session = start();
  session.pinholeOpened(["client", "server"], "splice", 0.001, listener, server);
  session.pinholeOpened([], "relay", 0.001, undefined, undefined);
  expect(await counted("pinholes_active")).toEqual({ "client splice": 1, "server splice": 1 });
  expect(await observations("pinhole_open_seconds")).toBe(2);
});

test("a refused pinhole was never active and has no plane", async () => {
  const { start, counted } = observe();
  start().pinholeRefused(["server"], "address-unavailable", "EADDRNOTAVAIL");
  expect(await counted("pinholes_active")).toEqual({});
  expect(await counted("pinholes_total")).toEqual({ "server none refused": 1 });
});

test("strangers are counted by side and warned about", async () => {
  const { start, counted, lines } = observe("warn");
  start().stranger("server", { address: "2001:db8::bad", port: 4 });
  expect(await counted("pinhole_strangers_total")).toEqual({ server: 1 });
  expect(lines).toMatchObject([{ msg: "stranger", side: "server", from: "[2001:db8::bad]:4" }]);
});

test("a transfer is active while joined, then counted with its modes, outcome, bytes and time", async () => {
  const { start, counted, observations } = observe();
  const session = start();
  session.record({ kind: "transfer-started", plane: "relay", verb: "STOR" });
  expect(await counted("transfers_active")).toEqual({ relay: 1 });
  session.record(
    transferEnded({ verb: "STOR", direction: "upload", bytesUp: 70_000, bytesDown: 3, clientMode: "EPRT" }),
  );
  expect(await counted("transfers_active")).toEqual({});
  expect(await counted("transfers_total")).toEqual({ "upload EPRT EPSV relay complete": 1 });
  expect(await counted("transfer_bytes_total")).toEqual({ "upload relay": 70_000, "download relay": 3 });
  expect(await observations("transfer_seconds")).toBe(1);
});

test("a transfer whose data connection never came is counted and was never active", async () => {
  const { start, counted, observations } = observe();
  start().record(transferEnded({ outcome: "expired", bytesDown: 0, durationMs: 0 }));
  expect(await counted("transfers_active")).toEqual({});
  expect(await counted("transfers_total")).toEqual({ "download PASV EPSV relay expired": 1 });
  expect(await observations("transfer_seconds")).toBe(0);
});

test("an unused data connection that expires beside a running transfer leaves it active", async () => {
  const { start, counted } = observe();
  const session = start();
  session.record({ kind: "transfer-started", plane: "relay", verb: "RETR" });
  session.record(transferEnded({ verb: "", direction: "unknown", outcome: "expired", bytesDown: 0 }));
  expect(await counted("transfers_active")).toEqual({ relay: 1 });
});

test("a data connection that was announced, never joined and never named in a command is no transfer", async () => {
  const { start, counted, messages } = observe("info");
  start().record(transferEnded({ verb: "", direction: "unknown", outcome: "released", bytesDown: 0 }));
  expect(await counted("transfers_total")).toEqual({});
  expect(messages()).toEqual(["session started"]);
});

test("a data connection that carried bytes is a transfer even if no command named it", async () => {
  const { start, counted } = observe();
  const session = start();
  session.record({ kind: "transfer-started", plane: "relay", verb: "" });
  session.record(transferEnded({ verb: "", direction: "unknown", outcome: "client-reset" }));
  expect(await counted("transfers_total")).toEqual({ "unknown PASV EPSV relay client-reset": 1 });
});

test("no transfer of an ended session is active, whether its end is reported later or never", async () => {
  const { start, counted } = observe();
  const session = start();
  session.record({ kind: "transfer-started", plane: "relay", verb: "RETR" });
  session.record({ kind: "transfer-started", plane: "splice", verb: "RETR" });
  session.record({ kind: "ended", reason: "stopped", detail: "" });
  expect(await counted("transfers_active")).toEqual({});
  session.record(transferEnded({ outcome: "aborted" }));
  expect(await counted("transfers_active")).toEqual({});
  expect(await counted("transfers_total")).toEqual({ "download PASV EPSV relay aborted": 1 });
});

test("connect times and latencies are observed", async () => {
  const { start, observations } = observe();
  const session = start();
  session.serverConnected(0.01);
  session.controlLatency(0.0002);
  expect(await observations("server_connect_seconds")).toBe(1);
  expect(await observations("control_latency_seconds")).toBe(1);
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
  const { telemetry, lines } = observe("trace");
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

test("at info a session is its start, its server, its login, its transfers and its end", () => {
  const { start, messages } = observe("info");
  const session = start();
  session.record({ kind: "server-connected", peer: server, local: client });
  session.record({ kind: "command", verb: "USER" });
  session.record({ kind: "reply", code: 230 });
  session.record({ kind: "logged-in", user: "anna" });
  session.record({ kind: "quirk", quirk: "bare-lf" });
  session.pinholeOpened(["client"], "relay", 0.001, listener, undefined);
  session.record({ kind: "transfer-started", plane: "relay", verb: "RETR" });
  session.pinholeClosed(["client"], "relay", "complete");
  session.record(transferEnded());
  session.record({ kind: "ended", reason: "quit", detail: "" });
  expect(messages()).toEqual(["session started", "server connected", "logged in", "transfer ended", "session ended"]);
});

test("a refusal is a warning with its reason, an internal error is an error", () => {
  const { start, lines } = observe("warn");
  const session = start();
  session.record({ kind: "refusal", reason: "low-port", detail: "port 22" });
  session.record({ kind: "ended", reason: "internal-error", detail: "boom" });
  expect(lines).toMatchObject([
    { level: "warn", session: "k3f9", gateway: "public", reason: "low-port", detail: "port 22", msg: "refused" },
    { level: "error", session: "k3f9", reason: "internal-error", detail: "boom", msg: "session ended" },
  ]);
});

test("hostile: a password typed as a command is in no log line and no metric", async () => {
  const { start, lines, counted } = observe("trace");
  start().record({ kind: "command", verb: "HUNTER2" });
  expect(JSON.stringify(lines)).not.toContain("HUNTER2");
  expect(await counted("commands_total")).toEqual({ other: 1 });
});
