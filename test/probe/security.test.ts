import { expect, test } from "vitest";
import type { ProbeTls } from "../../src/probe/security.ts";
import { play, playbook, type Played } from "./play.ts";

const peer = { verify: true, ca: "system", name: "ftp.example.net", minVersion: "TLSv1.2" } as const;
const explicit: ProbeTls = { kind: "explicit", peer };

function played(text: string, tls: ProbeTls = explicit, content?: string): Played["report"] {
  const written = playbook(text);
  const { text: became, report } = play(
    { tls, ...(content !== undefined && { file: { name: "p.tmp", content } }) },
    written,
  );
  expect(became).toBe(written);
  return report;
}

const greeted = `
    connect
  connected
  S> 220 Ready
    >S AUTH TLS`;

const secured = `${greeted}
  S> 234 Go on
    secure control
  secured control
    >S PBSZ 0
  S> 200 OK
    >S PROT P
  S> 200 OK
    >S USER anna
  S> 230 Welcome`;

const dialled = `${secured}
    >S PASV
  S> 227 Entering Passive Mode (203,0,113,7,200,10)
    dial 203.0.113.7:51210 protected
  data-connected
    >S LIST`;

test("a probe with explicit TLS says AUTH TLS behind the greeting and PROT P before the login, and data connections are under TLS once they are accepted", () => {
  const report = played(`${dialled}
  S> 150 Here it comes
    secure data
  secured data
  S> 226 Done
  data-closed ab
    >S QUIT
  S> 221 Bye
    close`);
  expect(report).toMatchObject({ isOk: true, secured: { version: "TLSv1.3", resumed: false } });
  expect(report?.steps.map(({ name }) => name)).toEqual(["connect", "greeting", "tls", "login", "list"]);
});

test("a probe with implicit TLS begins with it, and says PROT P behind the greeting", () => {
  const report = played(
    `
    connect
  connected
    secure control
  secured control
  S> 220 Ready
    >S PBSZ 0
  S> 200 OK
    >S PROT P
  S> 200 OK
    >S USER anna
  S> 530 No
    >S QUIT
  S> 221 Bye
    close`,
    { ...explicit, kind: "implicit" },
  );
  expect(report?.steps.map(({ name }) => name)).toEqual(["connect", "tls", "greeting", "login"]);
});

test("with PROT C data connections are in clear", () => {
  played(
    `${greeted}
  S> 234 Go on
    secure control
  secured control
    >S PBSZ 0
  S> 200 OK
    >S PROT C
  S> 200 OK
    >S USER anna
  S> 230 Welcome
    >S PASV
  S> 227 Entering Passive Mode (203,0,113,7,200,10)
    dial 203.0.113.7:51210`,
    { ...explicit, isDataClear: true },
  );
});

test("a no to AUTH is a failure, and where clear text may pass it is told and the probe goes on", () => {
  const refused = played(`${greeted}
  S> 502 No TLS here
    >S QUIT
  S> 221 Bye
    close`);
  expect(refused?.isOk).toBe(false);
  expect(refused?.steps.at(-1)).toMatchObject({
    ...{ name: "tls", outcome: "failed", problem: "rejected" },
    sentence: "AUTH TLS was answered 502 No TLS here",
  });
  const clear = played(
    `${greeted}
  S> 502 No TLS here
    >S USER anna
  S> 230 Welcome
    >S PASV
  S> 227 Entering Passive Mode (203,0,113,7,200,10)
    dial 203.0.113.7:51210
  data-connected
    >S LIST
  S> 226 Done
  data-closed
    >S QUIT
  S> 221 Bye
    close`,
    { ...explicit, mayBeClear: true },
  );
  expect(clear).toMatchObject({ isOk: true });
  expect(clear).not.toHaveProperty("secured");
  expect(clear?.steps[2]).toMatchObject({ name: "tls", outcome: "forbidden" });
});

test("a handshake that fails is said with its cause, and nothing goes on in clear", () => {
  const report = played(
    `${greeted}
  S> 234 Go on
    secure control
  tls-failed control certificate-expired: the certificate expired on 2026-01-01
    >S QUIT
  closed
    close`,
    { ...explicit, mayBeClear: true },
  );
  expect(report?.steps.at(-1)).toMatchObject({
    ...{ name: "tls", outcome: "failed", problem: "tls-failed", tls: "certificate-expired" },
    sentence: "no TLS on the control connection: the certificate expired on 2026-01-01",
  });
});

test("PROT P that is refused is a failure: nothing private goes in clear", () => {
  const report = played(`${greeted}
  S> 234 Go on
    secure control
  secured control
    >S PBSZ 0
  S> 200 OK
    >S PROT P
  S> 534 No
    >S QUIT
  S> 221 Bye
    close`);
  expect(report?.steps.at(-1)).toMatchObject({ name: "tls", sentence: "PROT P was answered 534 No" });
});

test("TLS that fails on a data connection is told with the reply that came of it", () => {
  const report = played(`${dialled}
  S> 150 Here it comes
    secure data
  tls-failed data closed: the peer has closed the connection
  S> 425 No data connection
    >S QUIT
  S> 221 Bye
    close`);
  expect(report?.steps.at(-1)).toMatchObject({
    ...{ name: "list", problem: "data-tls-failed", tls: "closed" },
    sentence:
      "no TLS on the data connection of LIST: the peer has closed the connection; LIST was answered 425 No data connection",
  });
});

test("a reply that comes instead of TLS on the data connection is waited for no longer, and nothing goes up", () => {
  const report = played(
    `${dialled}
  S> 150 Here it comes
    secure data
  secured data
  S> 226 Done
  data-closed
    >S TYPE I
  S> 200 OK
    >S PASV
  S> 227 Entering Passive Mode (203,0,113,7,200,10)
    dial 203.0.113.7:51210 protected
  data-connected
    >S STOR p.tmp
  S> 150 Go on
    secure data
  S> 522 Reuse the session
    >S QUIT
  S> 221 Bye
    close`,
    explicit,
    "secret",
  );
  expect(report?.steps.at(-1)).toMatchObject({ name: "upload", sentence: "STOR was answered 522 Reuse the session" });
});

test("an active probe waits for a connection that it will secure", () => {
  const text = `${secured}
    listen protected
  listening 192.0.2.1:50000
    >S PORT 192,0,2,1,195,80`;
  expect(play({ form: "PORT", tls: explicit }, playbook(text)).text).toBe(playbook(text));
});

test("a server that knows PROT only behind the login is asked again there, and nothing private goes in clear should it refuse", () => {
  const late = `${greeted}
  S> 234 Go on
    secure control
  secured control
    >S PBSZ 0
  S> 530 Log in first
    >S USER anna
  S> 230 Welcome
    >S PBSZ 0
  S> 200 OK
    >S PROT P`;
  const text = `${late}
  S> 200 OK
    >S PASV
  S> 227 Entering Passive Mode (203,0,113,7,200,10)
    dial 203.0.113.7:51210 protected`;
  expect(play({ tls: explicit }, playbook(text)).text).toBe(playbook(text));
  const refused = played(`${late}
  S> 530 No
    >S QUIT
  S> 221 Bye
    close`);
  expect(refused?.steps.at(-1)).toMatchObject({
    name: "login",
    outcome: "failed",
    sentence: "PROT P was answered 530 No",
  });
});
