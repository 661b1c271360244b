import { expect, test } from "vitest";
import { observe } from "./observing.ts";
import { transferEnded } from "./synthetic.ts";

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
  session.record({ kind: "translated", from: "EPRT", to: "PASV" });
  expect(await counted("commands_total")).toEqual({ RETR: 1, other: 1 });
  expect(await counted("refusals_total")).toEqual({ "port-zero": 1 });
  expect(await counted("quirks_total")).toEqual({ "leading-zero": 1 });
  expect(await counted("translations_total")).toEqual({ "EPRT PASV": 1 });
});

test("a refusal is a warning with its reason, an internal error is an error", () => {
  const { start, lines } = observe("warn");
  const session = start();
  session.record({ kind: "refusal", reason: "low-port", detail: "port 22" });
  session.record({ kind: "ended", reason: "internal-error", detail: "boom" });
  session.flush();
  expect(lines).toMatchObject([
    { level: "warn", session: "k3f9", gateway: "public", reason: "low-port", detail: "port 22", msg: "refused" },
    { level: "error", session: "k3f9", reason: "internal-error", detail: "boom", msg: "session ended" },
  ]);
});

test("what a session failed at is a warning with sentence and advice, counted by hop and cause", async () => {
  const { start, lines, counted } = observe("warn");
  const session = start();
  const advice = "Open the port.";
  const words = { sentence: "Nobody came to 192.0.2.1:50010.", advice, clientSentence: "Nobody came." };
  session.record({ kind: "failure", diagnosis: { hop: "client-data-in", cause: "nobody-came", ...words } });
  expect(await counted("failures_total")).toEqual({ "client-data-in nobody-came": 1 });
  const { sentence } = words;
  expect(lines).toMatchObject([
    { level: "warn", hop: "client-data-in", cause: "nobody-came", sentence, advice, msg: "session failed" },
  ]);
});

test("hostile: a password typed as a command is in no log line and no metric", async () => {
  const { start, lines, counted } = observe("trace");
  start().record({ kind: "command", verb: "HUNTER2" });
  expect(await counted("commands_total")).toEqual({ other: 1 });
  expect(lines).toHaveLength(2);
  expect(JSON.stringify(lines)).not.toContain("HUNTER2");
});

test("a transfer is counted with its modes and its outcome", async () => {
  const { start, counted } = observe();
  start().record(transferEnded({ verb: "STOR", direction: "upload", clientMode: "EPRT" }));
  expect(await counted("transfers_total")).toEqual({ "upload EPRT EPSV relay complete": 1 });
});

test("a transfer whose data connection never came is counted", async () => {
  const { start, counted } = observe();
  start().record(transferEnded({ outcome: "expired", joined: false, bytesDown: 0, durationMs: 0 }));
  expect(await counted("transfers_total")).toEqual({ "download PASV EPSV relay expired": 1 });
});

test("a data connection that was announced, never joined and never named in a command is no transfer", async () => {
  const { start, counted, messages } = observe("info");
  start().record(transferEnded({ verb: "", direction: "unknown", outcome: "released", joined: false, bytesDown: 0 }));
  expect(await counted("transfers_total")).toEqual({});
  expect(messages()).toEqual(["session started"]);
});

test("a data connection that carried bytes is a transfer even if no command named it", async () => {
  const { start, counted } = observe();
  start().record(transferEnded({ verb: "", direction: "unknown", outcome: "client-reset" }));
  expect(await counted("transfers_total")).toEqual({ "unknown PASV EPSV relay client-reset": 1 });
});
