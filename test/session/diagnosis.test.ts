// Diagnosis: for each way in which a session can fail, the hop, the cause, what operators read and what the client reads.
import { describe, expect, test } from "vitest";
import { diagnosis } from "../../src/session/diagnosis-words.ts";
import { causes, hopCauses, hops, type Diagnosis } from "../../src/session/diagnosis.ts";
import { activeReady, downloading, feed, passiveReady, play, uploading, type PlayOptions } from "./play.ts";

/** What the session failed at, after it was logged in and this has happened. */
function failure(events: string, options: PlayOptions = {}): Diagnosis | undefined {
  const { facts } = feed(`connected 10.0.0.5:21\nS> 220 ready\nC> USER u\nS> 230 in\n${events}`, options);
  const found = facts.flatMap((fact) => (fact.kind === "failure" ? [fact.diagnosis] : []));
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0];
}

const retrieving = `${passiveReady}
  C> RETR a
  S> 150 Here it comes`;
const listing = `${activeReady}
  C> LIST
  S> 150 Here it comes`;
/** The client is dialled, and so is the server. */
const bothDialled: PlayOptions = { serverMode: "passive" };
const dialling = `
  C> PORT 192,168,1,100,10,21
  S> 229 Entering Extended Passive Mode (|||51210|)
  opened`;

describe("a data connection to which the client is to come", () => {
  test.each([
    ["and does not, before the pinhole expires", `${retrieving}\nclosed expired`],
    ["and does not, before the server gives up", `${retrieving}\nS> 425 Failed to establish connection.`],
    ["and does not, before it gives up with QUIT", `${passiveReady}\nC> QUIT\nS> 221 Bye`],
    ["and does not, before it leaves without a transfer command", `${passiveReady}\nC closes`],
    ["and does not, before its control connection breaks", `${retrieving}\nC lost ECONNRESET`],
  ])("%s: nobody came", (_, events) => {
    expect(failure(events)).toMatchObject({
      hop: "client-data-in",
      cause: "nobody-came",
      sentence: "Nobody connected to 192.0.2.1:50010, which was announced to the client 192.168.1.100.",
      clientSentence: "Can't open data connection: nobody connected to 192.0.2.1:50010 from 192.168.1.100.",
    });
  });

  test("and comes from another address of its network", () => {
    expect(failure(`${retrieving}\nstranger client 192.168.1.77:40000\nclosed expired`)).toMatchObject({
      hop: "client-data-in",
      cause: "other-address",
      sentence: expect.stringContaining(
        "192.168.1.77 connected to 192.0.2.1:50010 instead of the client 192.168.1.100",
      ),
      advice: expect.stringContaining("clientSide.dataPeer: same-network"),
    });
  });

  test("while somebody comes from elsewhere", () => {
    expect(failure(`${retrieving}\nstranger client 203.0.113.9:40000\nclosed expired`)).toMatchObject({
      hop: "client-data-in",
      cause: "stranger-came",
    });
  });

  test("while somebody came who had gone before he could be asked: nobody came", () => {
    expect(failure(`${retrieving}\nstranger client 0.0.0.0:0\nclosed expired`)).toMatchObject({ cause: "nobody-came" });
  });

  test("at an address that means nothing where it stands", () => {
    expect(failure(`${retrieving}\nclosed expired`, { clientAdvertise: "169.254.1.1" })).toMatchObject({
      hop: "client-data-in",
      cause: "private-address",
      advice: expect.stringContaining("clientSide.advertise"),
    });
  });

  test("and that a second PASV supersedes is no failure", () => {
    expect(
      failure(`${passiveReady}\n${passiveReady.replaceAll("200,10", "200,11")}\nC> NOOP\nS> 200 ok`),
    ).toBeUndefined();
  });
});

describe("a data connection to which the server is to come", () => {
  test.each([
    ["and does not, before the pinhole expires", `${listing}\nclosed expired`],
    ["and does not, as it says itself", `${listing}\nS> 425 Can't build data connection: Connection timed out.`],
    ["and does not, before the client leaves", `${listing}\nC closes`],
  ])("%s: nobody came", (_, events) => {
    expect(failure(events)).toMatchObject({
      hop: "server-data-in",
      cause: "nobody-came",
      sentence: "Nobody connected to 10.0.0.1:51000, which was announced to the server 10.0.0.5.",
      clientSentence: "Can't open data connection: the server did not connect to the gateway's data port.",
    });
  });

  test("and comes from another address of its network", () => {
    expect(failure(`${listing}\nstranger server 10.0.0.6:20\nclosed expired`)).toMatchObject({
      hop: "server-data-in",
      cause: "other-address",
      advice: expect.stringContaining("serverSide.dataPeer"),
      clientSentence: "Can't open data connection: somebody else connected, and the server was expected.",
    });
  });

  test("before any transfer command is no failure of its", () => {
    expect(failure(`${activeReady}\nclosed expired\nC> QUIT\nS> 221 Bye`)).toBeUndefined();
  });
});

describe("a data port of the server", () => {
  const reaching = `${passiveReady}\nC> RETR a\nadmitted client 192.168.1.100:1236`;

  test.each([
    ["connect ECONNREFUSED 10.0.0.5:51210 - Local (10.0.0.1:0)", "refused"],
    ["connection refused", "refused"],
    ["connect ETIMEDOUT 10.0.0.5:51210", "timed-out"],
    ["no answer from 10.0.0.5:51210 within 10000 ms", "timed-out"],
    ["connect EHOSTUNREACH 10.0.0.5:51210", "unreachable"],
    ["connect ENETUNREACH 10.0.0.5:51210", "unreachable"],
    ["connect EACCES 10.0.0.5:51210", "not-permitted"],
  ])("that can't be reached (%s)", (detail, cause) => {
    const found = failure(`${reaching}\nclosed server-unreachable: ${detail}`);
    expect(found).toMatchObject({ hop: "server-data-out", cause, sentence: expect.stringContaining(`(${detail})`) });
    expect(found?.sentence).toContain("10.0.0.5:51210 of the server");
    expect(found?.clientSentence).toMatch(/^Can't open data connection: the server .*\.$/);
    expect(found?.clientSentence).not.toContain("10.0.0.");
  });

  test("that has not answered when the client gives up", () => {
    expect(failure(`${reaching}\nS> 150 Here\nC closes`)).toMatchObject({ hop: "server-data-out", cause: "timed-out" });
  });

  test("of a server behind a NAT that does not translate its 227: the address that it announced is told", () => {
    const natted = reaching.replace("10,0,0,5,200,10", "172,31,0,7,200,10");
    const found = failure(`${natted}\nclosed server-unreachable: connect ECONNREFUSED 10.0.0.5:51210`);
    expect(found?.sentence).toContain("It had announced 172.31.0.7");
  });

  test("reached from an address that this machine has not is the gateway's failure", () => {
    expect(failure(`${reaching}\nclosed server-unreachable: connect EADDRNOTAVAIL 10.0.0.5:51210`)).toMatchObject({
      hop: "gateway",
      cause: "address-unavailable",
    });
  });

  test("for which there is no descriptor is the gateway's failure", () => {
    expect(failure(`${reaching}\nclosed server-unreachable: connect EMFILE`)).toMatchObject({
      hop: "gateway",
      cause: "no-descriptor",
    });
  });
});

describe("a client that is dialled", () => {
  test.each([
    ["connect ECONNREFUSED 192.168.1.100:2581", "refused", "refused the data connection"],
    ["no answer from 192.168.1.100:2581 within 10000 ms", "timed-out", "did not answer the data connection"],
  ])("and can't be reached (%s)", (detail, cause, words) => {
    const events = `${activeReady}\nC> LIST\nadmitted server 10.0.0.5:20\nclosed client-unreachable: ${detail}`;
    expect(failure(events)).toMatchObject({
      hop: "client-data-out",
      cause,
      advice: expect.stringContaining("passive mode"),
      clientSentence: `Can't open data connection: your endpoint 192.168.1.100:2581 ${words}.`,
    });
  });

  test("and has not answered when it leaves, with a server that was reached", () => {
    const left = `${dialling}\nreached server\nC> RETR a\nS> 150 Here\nC closes`;
    expect(failure(left, bothDialled)).toMatchObject({ hop: "client-data-out", cause: "timed-out" });
    expect(failure(`${dialling}\nclosed server-unreachable: timed out`, bothDialled)).toMatchObject({
      hop: "server-data-out",
      cause: "timed-out",
    });
  });
});

describe("a data connection that was made", () => {
  test.each([
    ["client-reset: read ECONNRESET", "client-data-in", "reset"],
    ["server-reset: read ECONNRESET", "server-data-out", "reset"],
    ["client-reset: read ETIMEDOUT", "client-data-in", "stalled"],
    ["stalled", "server-data-out", "stalled"],
    ["stalled: client: it has not acknowledged 65160 bytes", "client-data-in", "stalled"],
    ["stalled: client: full-size packets to it are lost, 65160 bytes", "client-data-in", "big-packets-lost"],
    ["aborted: connection tracking forgot it", "gateway", "plane-failed"],
  ])("and ends as %s", (end, hop, cause) => {
    expect(failure(`${downloading}\nclosed ${end.replace(":", " 0 up 100 down in 5 ms:")}`)).toMatchObject({
      hop,
      cause,
    });
  });

  test("of an upload stands still at its client, unless the data plane knows better", () => {
    expect(failure(`${uploading}\nclosed stalled`)).toMatchObject({ hop: "client-data-in", cause: "stalled" });
  });

  test("and is aborted by the client, or released, or complete, is no failure", () => {
    expect(failure(`${downloading}\nC> ABOR\nclosed client-reset\nS> 426 Aborted\nS> 226 ok`)).toBeUndefined();
    expect(failure(`${downloading}\nclosed complete\nS> 226 ok\nC> QUIT\nS> 221 Bye`)).toBeUndefined();
    expect(failure(`${downloading}\nC closes\nclosed aborted`)).toBeUndefined();
  });

  test("and that the server never confirms", () => {
    expect(failure(`${downloading}\nclosed complete\ntimer linger`)).toMatchObject({
      hop: "server-control",
      cause: "no-reply",
      sentence: "The server 10.0.0.5:21 did not answer what became of RETR.",
    });
  });
});

describe("a pinhole that can't be opened", () => {
  const asked = "C> PASV\nS> 227 Entering Passive Mode (10,0,0,5,200,10)";

  test.each([
    ["ports-exhausted: no data port is free", "ports-exhausted", /clientSide\.dataPorts/],
    ["address-unavailable: listen EADDRNOTAVAIL 192.0.2.1", "address-unavailable", /address/],
    ["plane-unavailable: the table is gone", "plane-unavailable", /doctor/],
    ["plane-unavailable: listen EMFILE", "no-descriptor", /limits\.sessions/],
  ])("because of %s", (refused, cause, advice) => {
    expect(failure(`${asked}\nnot opened ${refused}`)).toMatchObject({
      hop: "gateway",
      cause,
      advice: expect.stringMatching(advice),
    });
  });

  test("because of a limit of its client is no failure", () => {
    expect(failure(`${asked}\nnot opened too-many-pinholes`)).toBeUndefined();
  });
});

describe("a server that rejects", () => {
  test("what it is told to connect to: the endpoint is named", () => {
    const found = failure(
      "C> PORT 192,168,1,100,10,21\nopened server side 10.0.0.1:51000\nS> 500 Illegal PORT command.",
    );
    expect(found).toMatchObject({ hop: "server-control", cause: "rejected" });
    expect(found?.sentence).toBe(
      "The server 10.0.0.5:21 rejected the data connection: PORT answered 500 Illegal PORT command. It was told to connect to 10.0.0.1:51000.",
    );
  });

  test("a data connection that has been made, for where it comes from", () => {
    expect(
      failure(`${downloading.replace("S> 150 Here it comes", "")}S> 425 Security: Bad IP connecting.`),
    ).toMatchObject({
      hop: "server-control",
      cause: "rejected",
      sentence: expect.stringContaining("RETR answered 425 Security: Bad IP connecting."),
    });
  });

  test("a file is no failure", () => {
    expect(failure(`${passiveReady}\nC> RETR a\nS> 550 No such file`)).toBeUndefined();
  });

  test("EPSV, which clients answer with PASV, has failed at nothing yet", () => {
    expect(failure("C> EPSV\nS> 500 What?")).toBeUndefined();
  });

  test("everything, or announces nothing that can be read", () => {
    const passive: PlayOptions = { serverMode: "passive" };
    expect(failure("C> PASV\nS> 500 a\nS> 502 b", passive)).toMatchObject({ cause: "rejected" });
    expect(failure("C> PASV\nS> 227 nothing")).toMatchObject({ hop: "server-control", cause: "no-endpoint" });
  });

  test("because nobody is logged in is no failure", () => {
    expect(failure("C> PASV\nS> 530 Log in first")).toBeUndefined();
  });

  test("what policy forbids is no failure either", () => {
    expect(failure("C> PASV\nS> 227 Entering Passive Mode (10,0,0,5,0,22)")).toBeUndefined();
    expect(failure("C> PORT 192,168,1,100,0,22")).toBeUndefined();
  });
});

describe("a server's control connection", () => {
  function failedFromStart(events: string, options: PlayOptions = {}): Diagnosis | undefined {
    const { facts } = feed(events, options);
    return facts.flatMap((fact) => (fact.kind === "failure" ? [fact.diagnosis] : []))[0];
  }

  test.each([
    ["unreachable 10.0.0.5:21 connect ECONNREFUSED 10.0.0.5:21", "refused", "connection refused"],
    ["unreachable 10.0.0.5:21 timed out", "timed-out", "it does not answer"],
    ["unreachable 10.0.0.5:21 connect EHOSTUNREACH 10.0.0.5:21", "unreachable", "there is no way to it"],
    ["unreachable 10.0.0.5:21 connect EACCES 10.0.0.5:21", "not-permitted", "there is no way to it"],
  ])("that is not made: %s", (event, cause, words) => {
    expect(failedFromStart(event)).toMatchObject({
      hop: "server-control",
      cause,
      sentence: expect.stringContaining("10.0.0.5:21"),
      clientSentence: `The server is unreachable: ${words}.`,
    });
  });

  test.each([
    "unreachable no server of the pool is up",
    "unreachable no server of the pool took it: 10.0.0.5:21 ECONNREFUSED, 10.0.0.6:21 timed out",
    "unresolved no server of the pool has an address: ftp.example.com ENOTFOUND",
  ])("of a pool, where none is there: %s", (event) => {
    const route = { kind: "pool" } as const;
    const events = event.startsWith("unresolved") ? event : `resolved 10.0.0.5:21 10.0.0.6:21\n${event}`;
    expect(failedFromStart(events, { route })).toMatchObject({
      hop: "server-control",
      cause: "no-server-up",
      sentence: `There is no server for the session: ${event.slice(event.indexOf("no server"))}.`,
      clientSentence: "No server is available now. Try again later.",
    });
  });

  test("whose name does not resolve", () => {
    const route = { kind: "fixed", host: "ftp.example.com", port: 21 } as const;
    expect(failedFromStart("unresolved ftp.example.com ENOTFOUND", { route })).toMatchObject({
      cause: "name-unresolved",
      sentence: "The name of the server, ftp.example.com, can't be resolved (ENOTFOUND).",
      clientSentence: "The server is unreachable: its name can't be resolved (ENOTFOUND).",
    });
  });

  test.each([
    ["timer login", "no-greeting", "The server sent no greeting in time."],
    ["S closes", "closed", "The server closed the connection."],
    ["S lost read ECONNRESET", "reset", "The connection to the server broke."],
    ["S> 421 Too many users", "turned-away", "The server turned the session away."],
    ["S> 530 Not from there", "turned-away", "The server turned the session away."],
    ["S refused line-too-long", "line-too-long", "The server sent a line that is too long."],
  ])("on which no greeting comes: %s", (event, cause, clientSentence) => {
    expect(failedFromStart(`connected 10.0.0.5:21\n${event}`)).toMatchObject({
      hop: "server-control",
      cause,
      clientSentence,
    });
  });

  test("on which no greeting comes, though the client has given up meanwhile", () => {
    expect(failedFromStart("connected 10.0.0.5:21\nC closes\ntimer login")).toMatchObject({ cause: "no-greeting" });
    expect(failedFromStart("connected 10.0.0.5:21\nC closes\nS> 220 ready\nS closes")).toBeUndefined();
  });

  test("that ends in the middle of a session", () => {
    expect(failure("S closes")).toMatchObject({ hop: "server-control", cause: "closed" });
    expect(failure("S lost read ETIMEDOUT")).toMatchObject({ hop: "server-control", cause: "timed-out" });
  });

  test("on which a command is not answered before the idle time is over", () => {
    expect(failure("C> STAT\ntimer idle")).toMatchObject({
      hop: "server-control",
      cause: "no-reply",
      clientSentence: "The server did not answer STAT.",
    });
  });

  test("limit: a line of 200 KB that tells why is read in no time, and 500 characters of it are kept", () => {
    const dots = ".".repeat(200_000);
    const startedAt = performance.now();
    const { facts } = feed(`connected 10.0.0.5:21\nS> 421 ${dots}x`);
    const rejected = failure(`C> PASV\nS> 550 ${dots}x`);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(rejected?.sentence.length).toBeLessThanOrEqual(500);
    const detail = facts.flatMap((fact) => (fact.kind === "ended" ? [fact.detail] : []));
    expect(detail).toEqual([`421 ${".".repeat(493)}...`]);
  });

  test("that the server ends after QUIT, or with 421 because nobody says anything, has not failed", () => {
    expect(failure("C> QUIT\nS closes")).toBeUndefined();
    expect(failure("S> 421 Idle for too long")).toBeUndefined();
    expect(failure("timer idle")).toBeUndefined();
  });
});

describe("a client's control connection", () => {
  test("that breaks", () => {
    expect(failure("C lost read ECONNRESET")).toMatchObject({ hop: "client-control", cause: "reset" });
    expect(failure("C lost read ETIMEDOUT")).toMatchObject({ hop: "client-control", cause: "timed-out" });
  });

  test("that breaks before a login is a scanner's, that ends in order is no failure", () => {
    const { facts } = feed("connected 10.0.0.5:21\nS> 220 ready\nC lost read ECONNRESET");
    expect(facts.filter(({ kind }) => kind === "failure")).toEqual([]);
    expect(failure("C closes")).toBeUndefined();
  });
});

test("a fault of ours, and a server that is this gateway, are the gateway's failures", () => {
  expect(failure("stop internal-error: at somewhere.ts")).toMatchObject({ hop: "gateway", cause: "internal-error" });
  const { facts } = feed("", { own: { listensAt: () => true } });
  expect(facts).toContainEqual({
    kind: "failure",
    diagnosis: expect.objectContaining({
      hop: "gateway",
      cause: "loop",
      sentence: "The server 10.0.0.5:21 is this gateway itself.",
    }),
  });
});

test("a session has one failure, the first, and each of its transfers its own", () => {
  const { facts } = play(
    `
    closed expired
         fail client-data-in nobody-came
         refuse no-data-connection
         >C 425 Can't open data connection: nobody connected to 192.0.2.1:50010 from 192.168.1.100.
    S closes
         >C 421 The server closed the connection.
         end server-gone
    `,
    { after: retrieving },
  );
  expect(facts).toContainEqual(
    expect.objectContaining({ kind: "transfer-ended", diagnosis: expect.objectContaining({ cause: "nobody-came" }) }),
  );
});

test("a client is told addresses of the server side only where policy says so", () => {
  const events = `${passiveReady}\nC> RETR a\nadmitted client 192.168.1.100:1236\nclosed server-unreachable: connect ECONNREFUSED 10.0.0.5:51210`;
  expect(failure(events)?.clientSentence).not.toContain("10.0.0.5");
  const told = failure(events, { policy: { tellInnerAddresses: true } });
  expect(told?.clientSentence).toBe(told?.sentence);
});

test("every hop and cause has one line of printable ASCII for each reader, the client's below 200 characters", () => {
  const longest = "[2001:db8:1111:2222:3333:4444:5555:6666]:50010";
  const parts = {
    endpoint: longest,
    peer: longest,
    from: longest,
    why: "x".repeat(900),
    said: "\r\n\u0000y",
    note: "",
  };
  for (const hop of hops) {
    for (const cause of hopCauses[hop]) {
      const { sentence, advice, clientSentence } = diagnosis({ hop, cause, parts }, false);
      for (const text of [sentence, advice, clientSentence]) expect(text).toMatch(/^[\x20-\x7e]{10,500}$/);
      expect(`425 ${clientSentence}\r\n`.length).toBeLessThan(200);
    }
  }
  expect(causes.length).toBe(new Set(causes).size);
});
