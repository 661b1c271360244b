// Before the login: nothing that makes a pinhole is answered, asked of the server or opened until the server has accepted one.
// Attack: a web page in a client's browser can be made to say PORT to port 21, but it has no login (NAT slipstreaming).
import { describe, test } from "vitest";
import { play, playFromStart } from "./play.ts";

const pinholeCommands = [
  "PORT 192,168,1,100,10,21",
  "EPRT |1|192.168.1.100|2581|",
  "PASV",
  "EPSV",
  "EPSV 1",
  "EPSV ALL",
];
const modes = ["same", "passive", "active", "auto"] as const;

describe("no pinhole is opened or asked for before the server has accepted a login", () => {
  test.each(pinholeCommands.flatMap((line) => modes.map((mode) => [line, mode] as const)))(
    "%s is answered 530 where the server is asked in the mode %s",
    (line, serverMode) => {
      const verb = line.slice(0, 4);
      playFromStart(
        `
             connect 10.0.0.5:21
        connected 10.0.0.5:21
        S> 220 ready
             >C 220 ready
        C> ${line}
             refuse not-logged-in
             >C 530 ${verb} refused: log in with USER and PASS first.
        C> USER u
             >S USER u
        S> 331 Password
             >C 331 Password
        C> ${line}
             refuse not-logged-in
             >C 530 ${verb} refused: log in with USER and PASS first.
        C> PASS p
             >S PASS ****
        S> 530 No
             >C 530 No
        C> ${line}
             refuse not-logged-in
             >C 530 ${verb} refused: log in with USER and PASS first.
        `,
        { serverMode },
      );
    },
  );

  test.each([
    ["USER u", 230, "login-without-password"],
    ["USER u", 232, "login-without-password"],
    ["PASS", 202, ""],
  ])("%s is accepted with %i", (line, code, quirk) => {
    playFromStart(`
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >C 220 ready
      C> ${line}
           >S ${line}
      S> ${code} in
           >C ${code} in
           ${quirk === "" ? "" : `quirk ${quirk}`}
      C> PASV
           >S PASV
    `);
  });

  test("a greeting 230 is a login, as curl takes it (D2.30)", () => {
    playFromStart(
      `
           timer login
           connect 10.0.0.5:21
      connected 10.0.0.5:21
           timer idle
      S> 230 welcome without password
           >C 230 welcome without password
           quirk login-without-password
           cancel login
      C> PASV
           timer idle
           >S PASV
      `,
      { timers: true },
    );
  });

  test("a greeting 230 that the client does not see is no login: the answer to its USER is", () => {
    playFromStart(
      `
           >C 220 FTP gateway ready; log in as user@host.
      C> USER u@ftp.example.com
           resolve ftp.example.com:21
      resolved 10.0.0.5:21
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 230 welcome without password
           >S USER u
      C> PASV
      S> 331 Password
           >C 331 Password
           refuse not-logged-in
           >C 530 PASV refused: log in with USER and PASS first.
      `,
      { route: { kind: "login", allow: [{ kind: "name", pattern: "*" }] } },
    );
  });

  test("an ACCT that a server calls superfluous is no login", () => {
    playFromStart(`
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >C 220 ready
      C> ACCT x
           >S ACCT ****
      S> 202 Superfluous
           >C 202 Superfluous
      C> PASV
           refuse not-logged-in
           >C 530 PASV refused: log in with USER and PASS first.
    `);
  });

  test("REIN takes the login back, and what comes with it in one segment waits for its answer", () => {
    play(`
      C> REIN
           >S REIN
      C> PORT 192,168,1,100,10,21
      S> 220 Again
           >C 220 Again
           refuse not-logged-in
           >C 530 PORT refused: log in with USER and PASS first.
    `);
  });

  test("nothing opens where a REIN is answered that was overtaken by what ended a transfer", () => {
    play(
      `
      C> RETR a
           >S RETR a
      C> REIN
           >S REIN
      C> PASV
      S> 425 No
           >C 425 No
           >S EPSV
      S> 220 Again
           >C 220 Again
      S> 229 Extended (|||51210|)
           refuse not-logged-in
           >C 530 PASV refused: log in with USER and PASS first.
      `,
      { serverMode: "passive" },
    );
  });

  test("REIN does not give more time to who never logs in", () => {
    playFromStart(
      `
           timer login
           connect 10.0.0.5:21
      connected 10.0.0.5:21
           timer idle
      S> 220 ready
           >C 220 ready
      C> REIN
           timer idle
           >S REIN
      S> 220 ready
           >C 220 ready
      timer login
           >C 421 Login timed out.
           end login-timeout
      `,
      { timers: true },
    );
  });

  test("policy.pinholesBeforeLogin lets them pass, for servers that ask nobody to log in", () => {
    playFromStart(
      `
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 ready
           >C 220 ready
      C> PASV
           >S PASV
      `,
      { policy: { pinholesBeforeLogin: true } },
    );
  });
});
