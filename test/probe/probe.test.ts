import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ProbeOptions } from "../../src/probe/probe.ts";
import { probeForms, type ProbeReport } from "../../src/probe/report.ts";
import { play, playbook } from "./play.ts";

/** Plays the events of a playbook and expects the asks that stand in it; the report. */
function expectPlayed(text: string, options: Partial<ProbeOptions> = {}): ProbeReport | undefined {
  const written = playbook(text);
  const played = play(options, written);
  expect(played.text).toBe(written);
  return played.report;
}

const loggedIn = `
    connect
  connected
  S> 220 Ready
    >S USER anna
  S> 331 Password
    >S PASS secret
  S> 230 Welcome`;

const file = { name: "p.tmp", content: "hello" };

/** The outcome of each step, with what is said of one that is not ok. */
function outcomes(report: ProbeReport | undefined): string[] {
  return (report?.steps ?? []).map((step) =>
    step.outcome === "ok" ? step.name : `${step.name} ${step.outcome} ${step.problem}: ${step.sentence}`,
  );
}

test("a passive listing is dialled where 227 says, and is done when the reply and the end of the data are there", () => {
  const report = expectPlayed(`${loggedIn}
    >S PASV
  S> 227 Entering Passive Mode (203,0,113,7,200,10)
    dial 203.0.113.7:51210
  data-connected
    >S LIST
  S> 150 Here it comes
  S> 226 Done
  data-closed ab
    >S QUIT
  S> 221 Bye
    close`);
  expect(report).toMatchObject({ isOk: true, form: "PASV", announced: { address: "203.0.113.7", port: 51_210 } });
  expect(report?.steps.map(({ name, durationMs }) => [name, durationMs])).toEqual([
    ["connect", 10],
    ["greeting", 10],
    ["login", 20],
    ["list", 50],
  ]);
  expect(report?.steps.at(-1)).toMatchObject({ bytes: 2 });
});

test("an extended passive listing is dialled at the address of the control connection", () => {
  const text = `${loggedIn}
    >S EPSV
  S> 229 Extended (|||51210|)
    dial 203.0.113.7:51210
  data-connected
    >S LIST
  S> 150 Here
  data-closed ab
  S> 226 Done
    >S QUIT
  closed
    close`;
  expect(expectPlayed(text, { form: "EPSV" })?.isOk).toBe(true);
});

test.each([
  ["PORT", "PORT 192,0,2,1,200,10"],
  ["EPRT", "EPRT |1|192.0.2.1|51210|"],
] as const)("an active listing announces with %s where the probe listens", (form, command) => {
  const report = expectPlayed(
    `${loggedIn}
    listen
  listening 192.0.2.1:51210
    >S ${command}
  S> 200 Fine
    >S LIST
  S> 150 Here
  data-connected
  S> 226 Done
  data-closed ab
    >S QUIT
  S> 221 Bye
    close`,
    { form },
  );
  expect(outcomes(report)).toEqual(["connect", "greeting", "login", "list"]);
});

const upload = `
    >S TYPE I
  S> 200 I
    >S PASV
  S> 227 (203,0,113,7,200,11)
    dial 203.0.113.7:51211
  data-connected
    >S STOR p.tmp`;

const listed = `${loggedIn}
    >S PASV
  S> 227 (203,0,113,7,200,10)
    dial 203.0.113.7:51210
  data-connected
    >S LIST
  S> 150 Here
  data-closed
  S> 226 Done`;

const uploaded = `${listed}${upload}
  S> 150 Send it
    upload hello
  data-closed
  S> 226 Got it
    >S PASV
  S> 227 (203,0,113,7,200,12)
    dial 203.0.113.7:51212
  data-connected
    >S RETR p.tmp
  S> 150 Here`;

test("a file is uploaded, downloaded, compared and deleted", () => {
  const report = expectPlayed(
    `${uploaded}
  data-closed hello
  S> 226 Done
    >S DELE p.tmp
  S> 250 Gone
    >S QUIT
  S> 221 Bye
    close`,
    { file },
  );
  expect(outcomes(report)).toEqual(["connect", "greeting", "login", "list", "upload", "download", "delete"]);
});

test("other bytes than were sent are a failure", () => {
  const report = play({ file }, playbook(`${uploaded}\n  data-closed hellO\n  S> 226 Done\n  S> 221 Bye`)).report;
  expect(report?.isOk).toBe(false);
  expect(outcomes(report).at(-1)).toBe(
    "download failed differs: what came back of p.tmp is not what was sent: 5 of 5 bytes",
  );
});

test("a server that forbids the upload is told apart, and is no failure", () => {
  const report = expectPlayed(
    `${listed}${upload}
  S> 553 Not here
    drop-data
    >S QUIT
  S> 221 Bye
    close`,
    { file },
  );
  expect(report?.isOk).toBe(true);
  expect(outcomes(report).at(-1)).toBe("upload forbidden rejected: STOR was answered 553 Not here");
});

test("a server that does not delete the file says so in the report", () => {
  const end = `\n  data-closed hello\n  S> 226 Done\n  S> 550 No\n  S> 221 Bye`;
  const report = play({ file }, playbook(uploaded + end)).report;
  expect(report?.isOk).toBe(true);
  expect(outcomes(report).at(-1)).toBe("delete forbidden rejected: DELE was answered 550 No; p.tmp is still there");
});

test("where LIST is not allowed names are asked for, and where neither is the listing has failed", () => {
  const start = listed.slice(0, listed.indexOf("  S> 150"));
  const report = expectPlayed(`${start}  S> 550 No
    drop-data
    >S PASV
  S> 227 (203,0,113,7,200,11)
    dial 203.0.113.7:51211
  data-connected
    >S NLST
  S> 550 Neither
    drop-data
    >S QUIT
  S> 221 Bye
    close`);
  expect(outcomes(report).at(-1)).toBe("list failed rejected: NLST was answered 550 Neither");
});

describe("what goes wrong is said", () => {
  const negotiated = listed.slice(0, listed.indexOf("  data-connected"));
  const asked = listed.slice(0, listed.indexOf("  S> 150"));
  const active = `${loggedIn}\n  listening 192.0.2.1:51210`;
  const quit = "\n  S> 221 Bye";
  test.each<[string, string, Partial<ProbeOptions>?]>([
    ["  closed refused", "connect failed not-connected: no connection: refused"],
    ["  timed-out", "connect failed not-connected: no connection within 5 s"],
    ["  connected\n  timed-out", "greeting failed no-reply: no greeting within 5 s"],
    ["  connected\n  S> 120 Soon\n  S> 421 Full\n  S> 221 Bye", "greeting failed rejected: the greeting is 421 Full"],
    ["  connected\n  closed reset", "greeting failed closed: no greeting: the control connection was reset"],
    [
      "  connected\n  S> 220-A\n  S>  long\n  S> 220 one\n  S> 530 Who?\n  S> 221 Bye",
      "login failed rejected: the login of anna was answered 530 Who?",
    ],
    [`${loggedIn}\n  S> 502 What?${quit}`, "list failed rejected: PASV was answered 502 What?"],
    [
      `${loggedIn}\n  S> 227 Somewhere${quit}`,
      "list failed no-endpoint: PASV was answered 227 Somewhere, which holds no endpoint",
    ],
    [
      `${negotiated}  data-closed because refused${quit}`,
      "list failed not-reached: no connection to 203.0.113.7:51210 (announced by PASV): refused",
    ],
    [
      `${negotiated}  timed-out`,
      "list failed not-reached: no connection to 203.0.113.7:51210 (announced by PASV) within 5 s",
    ],
    [`${asked}  S> 425-Can't\n  S> 425 open${quit}`, "list failed broken: LIST was answered 425 Can't"],
    [`${asked}  closed`, "list failed closed: no reply to LIST: the control connection was closed"],
    [
      `${asked}  S> 150 Here\n  data-closed because reset\n  S> 226 Done${quit}`,
      "list failed broken: the data connection of LIST broke: reset",
    ],
    [`${asked}  S> 150 Here\n  S> 226 Done\n  timed-out`, "list failed broken: no end of the data of LIST within 5 s"],
    [
      `${active}\n  S> 200 Fine\n  S> 150 Here\n  timed-out`,
      "list failed nobody-came: nobody connected to 192.0.2.1:51210 (announced by PORT) within 5 s",
      { form: "PORT" },
    ],
    [
      `${active}\n  S> 200 Fine\n  S> 150 Here\n  S> 425 Nobody${quit}`,
      "list failed broken: LIST was answered 425 Nobody",
      { form: "PORT" },
    ],
    [`${active}\n  S> 501 Bad${quit}`, "list failed rejected: EPRT was answered 501 Bad", { form: "EPRT" }],
  ])("after %j", (text, said, options = {}) => {
    const { report } = play(options, playbook(text));
    expect(report?.isOk).toBe(false);
    expect(outcomes(report).at(-1)).toBe(said);
  });
});

test("the words of a reply are bounded", () => {
  const { report } = play({}, playbook(`  connected\n  S> 421 ${"x".repeat(5000)}\n  S> 221 Bye`));
  expect(outcomes(report).at(-1)?.length).toBeLessThan(400);
});

test("whatever happens in whatever order, it does not throw, and the end of the control connection is the end", () => {
  const event = fc.oneof(
    fc.constantFrom("connected", "data-connected", "timed-out", "listening 192.0.2.1:1", "data-closed x", "closed"),
    fc.constantFrom("S> 220 a", "S> 331 b", "S> 230 c", "S> 227 (1,2,3,4,5,6)", "S> 150 d", "S> 226 e", "S> 550 f"),
    fc.string({ unit: "binary" }).map((text) => `S> ${text.replaceAll("\n", "")}`),
  );
  fc.assert(
    fc.property(fc.constantFrom(...probeForms), fc.array(event, { maxLength: 40 }), (form, events) => {
      const { report } = play({ form, file }, [...events, "closed", "closed"].join("\n"));
      expect(report).toBeDefined();
    }),
  );
});
