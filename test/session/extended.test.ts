// EPSV, EPRT and what RFC 2428 and RFC 6384 put around them.
import { describe, expect, test } from "vitest";
import { play, withoutDigits } from "./play.ts";

describe("EPSV", () => {
  test.each(["EPSV", "epsv", "EPSV 1", "epsv 1"])("goes to the server as typed: %s (D2.22)", (typed) => {
    play(`
      C> ${typed}
           >S ${typed}
      S> 229 Extended Passive mode OK (|||51210|)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 229 Entering Extended Passive Mode (|||50010|)
    `);
  });

  test("of its own family goes to an IPv6 server as typed (D2.22)", () => {
    play(
      `
      C> EPSV 2
           >S EPSV 2
      S> 229 Entering Extended Passive Mode (|||51210|)
           open client side for fd00:1::100, dial [fd00:2::5]:51210
      opened [fd00:1::1]:50010
           >C 229 Entering Extended Passive Mode (|||50010|)
      `,
      { client: 6, server: 6 },
    );
  });

  test.each([
    ["other delimiters (D2.20)", "(!!!51210!)", "other-delimiter"],
    ["a family and an address, which are ignored (D2.21)", "(|1|203.0.113.9|51210|)", "family-in-229"],
    ["no parentheses", "|||51210|", "no-parentheses"],
  ])("is answered in the one canonical form when the server answers with %s (D2.19)", (_, endpoint, quirk) => {
    play(`
      C> EPSV
           >S EPSV
      S> 229 Some words ${endpoint}
           quirk ${quirk}
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 229 Entering Extended Passive Mode (|||50010|)
    `);
  });

  test.each([
    ["229 nothing that can be read", "malformed"],
    ["229 Entering Extended Passive Mode (|||0|)", "malformed"],
    ["229 Entering Extended Passive Mode (|||22|)", "low-port"],
    ["227 Entering Passive Mode (10,0,0,5,200,10)", "malformed"],
    ["228 Entering Long Passive Mode (4,4,10,0,0,5,2,200,10)", "malformed"],
    ["200 Yes", "malformed"],
  ])("is answered with 425 when the server answers %s (D2.23)", (reply, reason) => {
    play(`
      C> EPSV
           >S EPSV
      S> ${reply}
           refuse server-endpoint-${reason}
           >C 425 Can't open data connection: EPSV answered ${withoutDigits(reply)}
    `);
  });

  test.each([
    ["EPSV 2", 4, "use (1)"],
    ["EPSV 1", 6, "use (2)"],
    ["EPSV 3", 4, "use (1)"],
  ] as const)(
    "of a family that the control connection hasn't is answered with 522: %s on IPv%i",
    (typed, family, use) => {
      play(
        `
      C> ${typed}
           refuse unsupported-family
           >C 522 Network protocol not supported, ${use}
      `,
        { client: family, server: family },
      );
    },
  );

  test("with an argument that is none is refused with 501", () => {
    play(`
      C> EPSV x
           refuse malformed-endpoint
           >C 501 EPSV refused: malformed argument.
    `);
  });

  test("that the server answers with 522 is answered so, list or no list (D2.22)", () => {
    play(`
      C> EPSV
           >S EPSV
      S> 522 Network protocol not supported
           >C 522 Network protocol not supported
      C> PASV
           >S PASV
    `);
  });
});

describe("EPSV ALL", () => {
  test("is the server's to answer where it is asked in the client's words, and kept if it agrees (D2.22)", () => {
    play(`
      C> EPSV ALL
           >S EPSV ALL
      S> 200 EPSV ALL ok.
           >C 200 EPSV ALL ok.
      C> PASV
           refuse epsv-all
           >C 501 PASV refused after EPSV ALL.
      C> EPSV
           >S EPSV
    `);
  });

  test("that the server rejects changes nothing (D2.22)", () => {
    play(`
      C> EPSV ALL
           >S EPSV ALL
      S> 501 What?
           >C 501 What?
      C> PASV
           >S PASV
    `);
  });

  test("is answered by the gateway where it converts, and kept until REIN (D2.22, D3.52)", () => {
    play(
      `
      C> EPSV all
           >C 200 EPSV ALL command successful.
      C> PASV
           refuse epsv-all
           >C 501 PASV refused after EPSV ALL.
      C> PORT 192,168,1,100,10,21
           refuse epsv-all
           >C 501 PORT refused after EPSV ALL.
      C> EPRT |1|192.168.1.100|2581|
           refuse epsv-all
           >C 501 EPRT refused after EPSV ALL.
      C> EPSV
           >S EPSV
      S> 500 What?
           learn that EPSV is rejected
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 229 Entering Extended Passive Mode (|||50010|)
      C> REIN
           >S REIN
      S> 220 Again
           >C 220 Again
           release
      C> USER u
           >S USER u
      S> 230 In
           >C 230 In
           quirk login-without-password
      C> PASV
           >S PASV
      `,
      { serverMode: "passive" },
    );
  });
});

describe("ALGS (RFC 6384 11)", () => {
  test("tells what is translated, and ends it (D3.61)", () => {
    play(
      `
      C> ALGS STATUS64
           >C 216 EPSV EPRT
      C> ALGS DISABLE64
           >C 216 NONE
      C> ALGS STATUS64
           >C 216 NONE
      C> EPSV
           >S EPSV
      S> 500 What?
           >C 500 What?
      C> algs enable64
           >C 216 EPSV EPRT
      C> EPSV
           >S EPSV
      S> 500 What?
           learn that EPSV is rejected
           >S PASV
      `,
      { client: 6, server: 4 },
    );
  });

  test("disabled does not keep PASV and PORT from being translated: they are not its business", () => {
    play(
      `
      C> ALGS DISABLE64
           >C 216 NONE
      C> PASV
           >S EPSV
      `,
      { client: 4, server: 6 },
    );
  });

  test("with another argument is answered with 504", () => {
    play(
      `
      C> ALGS
           >C 504 ALGS knows STATUS64, ENABLE64 and DISABLE64.
      C> ALGS STATUS46
           >C 504 ALGS knows STATUS64, ENABLE64 and DISABLE64.
      `,
      { client: 6, server: 4 },
    );
  });

  test("is meant for somebody else where nothing is translated", () => {
    play(`
      C> ALGS STATUS64
           >S ALGS STATUS64
      S> 216 NONE
           >C 216 NONE
    `);
  });
});

describe("long addresses", () => {
  test.each(["LPSV", "LPRT 4,4,192,168,1,100,2,10,21"])("are refused: %s (D2.23)", (typed) => {
    play(`
      C> ${typed}
           refuse long-form
           >C 502 ${typed.slice(0, 4)} refused: use EPRT or EPSV.
    `);
  });

  test("a 151 of RFC 1579 is one more preliminary reply (D2.25)", () => {
    const { session } = play(`
      C> APSV
           >S APSV
      S> 151 User not logged in (10,0,0,5,200,10)
           >C 151 User not logged in (10,0,0,5,200,10)
      S> 500 After all no
           >C 500 After all no
    `);
    expect(session.outstanding).toEqual([]);
  });
});
