import { expect, test } from "vitest";
import { createEventFeed } from "../../src/observe/event-feed.ts";
import { createSessionHistory } from "../../src/observe/session-history.ts";
import type { TransferEnded } from "../../src/session/facts.ts";
import { observe } from "./observing.ts";
import { closed, dial, listen, listener, server, transferEnded, type TestSession } from "./synthetic.ts";

const limits = { sessions: 10, failures: 10, bytesPerSession: 10_000, totalBytes: 10_000 };

function observeSession() {
  const { start, lines } = observe("info", createSessionHistory(limits, createEventFeed()));
  const session = start();
  const local = { address: "10.0.0.1", port: 40_001 };
  session.record({ kind: "server-connected", peer: server, local });
  return { session, ended: () => lines.filter(({ msg }) => msg === "transfer ended") };
}

function transfer(session: TestSession, command: string, change: Partial<TransferEnded> = {}, id = 1): void {
  session.open(listen, dial, id);
  session.pinhole({ kind: "opened", plane: "relay", client: listener }, id);
  session.step({ kind: "client-line", text: command, quirks: [] }, [{ kind: "to-server", bytes: `${command}\r\n` }]);
  session.pinhole({ kind: "joined" }, id);
  session.pinhole(closed("complete", { bytesDown: 1000, durationMs: 250 }), id);
  session.record(transferEnded({ id, ...change }));
}

test("the line of a transfer has all that an auditor asks: who, from where, with which server, which file, how, and what came of it", () => {
  const { session, ended } = observeSession();
  session.record({ kind: "logged-in", user: "anna@10.0.0.5" });
  transfer(session, "RETR reports/2026 q3.csv");
  session.flush();
  expect(ended()).toEqual([
    {
      level: "info",
      time: expect.any(String),
      session: "k3f9",
      gateway: "public",
      client: "192.168.1.100:51020",
      user: "anna@10.0.0.5",
      server: "10.0.0.5:21",
      verb: "RETR",
      path: "reports/2026 q3.csv",
      direction: "download",
      clientMode: "PASV",
      serverMode: "EPSV",
      plane: "relay",
      outcome: "complete",
      bytesUp: 0,
      bytesDown: 1000,
      durationMs: 250,
      msg: "transfer ended",
    },
  ]);
});

test("where it failed, hop, cause and sentence stand in it", () => {
  const { session, ended } = observeSession();
  const words = { sentence: "Nobody came to 192.0.2.1:50010.", advice: "Open it.", clientSentence: "Nobody came." };
  const diagnosis = { hop: "client-data-in", cause: "nobody-came", ...words } as const;
  transfer(session, "STOR a", { verb: "STOR", direction: "upload", outcome: "expired", diagnosis, detail: "60 s" });
  session.flush();
  const { sentence } = words;
  const failed = { hop: "client-data-in", cause: "nobody-came", sentence };
  expect(ended()).toMatchObject([{ path: "a", outcome: "expired", detail: "60 s", ...failed }]);
});

test("each of several transfers has its own path, UTF-8 is read as such and other bytes as Latin-1", () => {
  const { session, ended } = observeSession();
  transfer(session, "RETR /r\u00c3\u00a9sum\u00c3\u00a9.txt", {}, 1);
  transfer(session, "RETR /caf\u00e9", {}, 2);
  transfer(session, "NLST", { verb: "NLST" }, 3);
  session.flush();
  expect(ended().map(({ path }) => path)).toEqual(["/r\u00e9sum\u00e9.txt", "/caf\u00e9", ""]);
});

test("attack: a password that is also the name of a file is masked in its path", () => {
  const { session, ended } = observeSession();
  session.step({ kind: "client-line", text: "PASS hunter2-secret", quirks: [] }, []);
  transfer(session, "RETR hunter2-secret");
  session.flush();
  expect(ended()).toHaveLength(1);
  expect(JSON.stringify(ended())).not.toContain("hunter2");
});

test("on a leg under TLS, its version stands in it", () => {
  const { session, ended } = observeSession();
  session.open(listen, dial, 1);
  session.pinhole({ kind: "opened", plane: "relay", client: listener }, 1);
  session.step({ kind: "client-line", text: "RETR a", quirks: [] }, [{ kind: "to-server", bytes: "RETR a\r\n" }]);
  session.pinhole({ kind: "joined" }, 1);
  const secured = { cipher: "TLS_AES_128_GCM_SHA256", resumed: true, durationMs: 1 } as const;
  session.pinhole({ kind: "secured", side: "client", version: "TLSv1.3", ...secured }, 1);
  session.pinhole({ kind: "secured", side: "server", version: "TLSv1.2", ...secured }, 1);
  session.pinhole(closed("complete"), 1);
  session.record(transferEnded({ id: 1 }));
  session.flush();
  expect(ended()).toMatchObject([{ clientTls: "TLSv1.3", serverTls: "TLSv1.2" }]);
});
