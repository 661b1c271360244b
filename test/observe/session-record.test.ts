import { expect, test } from "vitest";
import type { PinholeEvent } from "../../src/dataplane/pinhole.ts";
import { isTransfer } from "../../src/observe/connection-record.ts";
import { addStep, createSessionRecord, type SessionNews } from "../../src/observe/session-record.ts";
import type { SessionEffect, SessionEvent } from "../../src/session/events.ts";
import type { Fact } from "../../src/session/facts.ts";
import { client, closed, dial, listen, listener, server, transferEnded } from "./synthetic.ts";

function setUp() {
  const record = createSessionRecord({ id: "k3f9", gateway: "public", client, listener });
  const news: SessionNews[] = [];
  let at = 1000;
  let bytes = 0;
  const step = (event: SessionEvent | undefined, ...effects: SessionEffect[]): void => {
    bytes += addStep(record, { at: (at += 10), event, effects }, (one) => news.push(one));
  };
  return {
    record,
    news,
    bytes: () => bytes,
    step,
    open: (id = 1) => step(undefined, { kind: "open", id, client: listen, server: dial }),
    pinhole: (event: PinholeEvent, id = 1) => step({ kind: "pinhole", id, event }),
    fact: (fact: Fact) => step(undefined, { kind: "record", fact }),
    say: (line: string) => step(undefined, { kind: "to-server", bytes: `${line}\r\n` }),
  };
}

const opened: PinholeEvent = { kind: "opened", plane: "relay", client: listener };

test("a session has its server, its user, its end and how often it was refused something", () => {
  const { record, fact } = setUp();
  fact({ kind: "server-connected", peer: server, local: client });
  fact({ kind: "login-failed", user: "ana", code: 530 });
  expect([record.user, record.isLoggedIn]).toEqual(["ana", false]);
  fact({ kind: "logged-in", user: "anna" });
  fact({ kind: "login-failed", user: "other", code: 530 });
  fact({ kind: "refusal", reason: "low-port", detail: "" });
  fact({ kind: "ended", reason: "quit", detail: "" });
  expect(record).toMatchObject({ server, user: "anna", isLoggedIn: true, refusals: 1, end: { reason: "quit" } });
});

test("a transfer has the path as it was sent, its modes, plane, moments, bytes and outcome", () => {
  const { record, news, open, pinhole, fact, say } = setUp();
  open();
  pinhole(opened);
  fact({ kind: "translated", from: "PASV", to: "EPSV" });
  say("TYPE I");
  say("RETR  odd name.txt");
  pinhole({ kind: "joined" });
  expect(news).toMatchObject([{ kind: "transfer-started", connection: { id: 1 } }]);
  pinhole(closed("complete", { bytesDown: 1000, durationMs: 10 }));
  fact(transferEnded());
  expect(record.connections).toMatchObject([
    {
      ...{ verb: "RETR", path: " odd name.txt", direction: "download", clientMode: "PASV", serverMode: "EPSV" },
      ...{ plane: "relay", listening: { client: listener }, outcome: "complete" },
      ...{ joinedAt: 1060, closed: { bytesDown: 1000 } },
    },
  ]);
  expect(record).toMatchObject({ transfers: 1, bytesUp: 0, bytesDown: 1000 });
  expect(news.at(-1)).toMatchObject({ kind: "transfer-ended", connection: { outcome: "complete" } });
});

test("a data connection that is made before its command begins to be a transfer with the command", () => {
  const { news, open, pinhole, say } = setUp();
  open();
  pinhole(opened);
  pinhole({ kind: "joined" });
  expect(news).toEqual([]);
  say("LIST");
  expect(news).toMatchObject([{ kind: "transfer-started", connection: { verb: "LIST", path: "" } }]);
});

test("a further transfer command without a data connection of its own changes none", () => {
  const { record, open, say } = setUp();
  open();
  say("RETR a");
  say("RETR b");
  expect(record.connections).toMatchObject([{ path: "a" }]);
});

test("a pinhole that nobody used is no transfer", () => {
  const { record, news, open, pinhole, fact } = setUp();
  open();
  pinhole(opened);
  pinhole(closed("released"));
  fact(transferEnded({ verb: "", joined: false, outcome: "released" }));
  expect(record.connections.map(isTransfer)).toEqual([false]);
  expect([record.transfers, news]).toEqual([0, []]);
});

test("the first failure is the session's", () => {
  const { record, fact } = setUp();
  const diagnosis = (sentence: string) =>
    ({ hop: "client-data-in", cause: "nobody-came", sentence, advice: "", clientSentence: "" }) as const;
  fact({ kind: "failure", diagnosis: diagnosis("first") });
  fact({ kind: "failure", diagnosis: diagnosis("second") });
  expect(record.failure?.sentence).toBe("first");
});

test("it says what memory it takes: nothing for a line, something for a data connection and its path", () => {
  const { bytes, open, say } = setUp();
  say("NOOP");
  expect(bytes()).toBe(0);
  open();
  const ofConnection = bytes();
  expect(ofConnection).toBeGreaterThan(0);
  say(`RETR ${"x".repeat(3000)}`);
  expect(bytes()).toBe(ofConnection + 3000);
});

test("TLS that passes through is counted in bytes, and what was known of the user is nobody's any more", () => {
  const { record, fact, step } = setUp();
  fact({ kind: "logged-in", user: "anna" });
  expect(record.opaque).toBeUndefined();
  fact({ kind: "opaque" });
  step({ kind: "opaque-moved", bytesUp: 517, bytesDown: 0, isSecured: false });
  step({ kind: "opaque-moved", bytesUp: 80, bytesDown: 1400, isSecured: true });
  expect(record).toMatchObject({ opaque: { isNow: true, bytesUp: 597, bytesDown: 1400 }, isLoggedIn: false });
  expect(record.user).toBeUndefined();
  fact({ kind: "opaque-ended" });
  expect(record.opaque).toEqual({ isNow: false, bytesUp: 597, bytesDown: 1400 });
});

test("TLS of each control connection is known from its handshake until CCC, and of each leg of a data connection its version", () => {
  const { record, fact, open, step } = setUp();
  const secured = { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", resumed: false, durationMs: 2 } as const;
  expect(record.tls).toEqual({});
  fact({ kind: "tls-started", side: "server", connection: "control", ...secured, name: "ftp.example.com" });
  fact({ kind: "tls-started", side: "client", connection: "control", ...secured, peer: "CN=anna" });
  fact({ kind: "tls-started", side: "client", connection: "data", ...secured, version: "TLSv1.2" });
  const { durationMs: _, ...known } = secured;
  expect(record.tls).toEqual({
    client: { ...known, peer: "CN=anna" },
    server: { ...known, name: "ftp.example.com" },
  });
  fact({ kind: "tls-ended", side: "client" });
  expect(record.tls).not.toHaveProperty("client");
  open();
  const id = record.connections[0]?.id ?? 0;
  step({ kind: "pinhole", id, event: { kind: "secured", side: "server", ...secured } });
  expect(record.connections[0]?.tls).toEqual({ server: "TLSv1.3" });
});
