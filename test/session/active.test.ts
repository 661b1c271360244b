// PORT and EPRT in the client's own words (mode same): who may be dialled, and what the server is told.
import { describe, expect, test } from "vitest";
import { activeReady, play } from "./play.ts";

test("PORT and EPRT tell the server the port that leads to the gateway's where something in front publishes other numbers", () => {
  const options = { portShift: { client: 0, server: 1000 } };
  play(
    `
    C> PORT 192,168,1,100,10,21
         open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
    opened server side 10.0.0.1:51000
         >S PORT 10,0,0,1,203,32
    S> 200 PORT command successful.
         >C 200 PORT command successful.
    `,
    options,
  );
  play(
    `
    C> EPRT |1|192.168.1.100|2581|
         open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
    opened server side 10.0.0.1:51000
         >S EPRT |1|10.0.0.1|52000|
    S> 200 EPRT command successful.
         >C 200 EPRT command successful.
    `,
    options,
  );
});

describe("PORT", () => {
  test("tells the server the gateway's endpoint, once it listens there (D1.1)", () => {
    play(`
      C> PORT 192,168,1,100,10,21
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
      opened server side 10.0.0.1:51000
           >S PORT 10,0,0,1,199,56
      S> 200 PORT command successful. Consider using PASV.
           >C 200 PORT command successful. Consider using PASV.
    `);
  });

  test("lets the data connection come from the port below the control port, whatever that is (D4.75)", () => {
    play(
      `
      C> PORT 192,168,1,100,10,21
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 2120
      `,
      { listenPort: 2121 },
    );
  });

  test.each([
    ["in lower case (D3.34)", "port 192,168,1,100,10,21", undefined],
    ["with leading zeros, which are decimal (D3.41)", "PORT 192,168,001,100,010,021", "leading-zero"],
    ["with blanks after the commas (D3.41)", "PORT 192, 168, 1, 100, 10, 21", "space-in-endpoint"],
  ])("goes on in the canonical form when it comes %s", (_, typed, quirk) => {
    play(`
      C> ${typed}
           ${quirk === undefined ? "" : `quirk ${quirk}`}
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
      opened server side 10.0.0.1:51000
           >S PORT 10,0,0,1,199,56
    `);
  });

  test.each([
    ["five numbers (D3.41)", "PORT 192,168,1,100,10", "malformed-endpoint", "501 PORT refused: malformed argument."],
    [
      "seven numbers (D3.41)",
      "PORT 192,168,1,100,10,21,1",
      "malformed-endpoint",
      "501 PORT refused: malformed argument.",
    ],
    ["numbers above 255", "PORT 192,168,1,100,10,277", "malformed-endpoint", "501 PORT refused: malformed argument."],
    ["nothing", "PORT", "malformed-endpoint", "501 PORT refused: malformed argument."],
    ["port 0", "PORT 192,168,1,100,0,0", "port-zero", "501 PORT refused: port 0."],
    [
      "a low port (D3.44)",
      "PORT 192,168,1,100,3,255",
      "low-port",
      "504 PORT refused: ports below 1024 are not allowed.",
    ],
  ])("is refused when it says %s, and the session lives", (_, typed, reason, reply) => {
    play(`
      C> ${typed}
           refuse ${reason}
           >C ${reply}
      C> NOOP
           >S NOOP
    `);
  });

  test("to a low port goes on where policy allows low ports", () => {
    play(
      `
      C> PORT 192,168,1,100,3,255
           open server side for 10.0.0.5, dial 192.168.1.100:1023 from 20
      `,
      { policy: { minDataPort: 1 } },
    );
  });

  test("over IPv6 is refused, because it has no room for the address", () => {
    play(
      `
      C> PORT 192,168,1,100,10,21
           refuse unsupported-family
           >C 522 Network protocol not supported, use (2)
      `,
      { client: 6, server: 6 },
    );
  });

  test("that the server rejects is rejected in its words, and what listened for it is released", () => {
    const { session } = play(`
      C> PORT 192,168,1,100,10,21
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
      opened server side 10.0.0.1:51000
           >S PORT 10,0,0,1,199,56
      S> 500 Illegal PORT command
           >C 500 Illegal PORT command
           release
      closed released
      C> RETR a
           >S RETR a
    `);
    expect(session.transfers).toEqual([]);
  });

  test("is answered with 425 when the gateway can't listen (D5.91)", () => {
    play(`
      C> PORT 192,168,1,100,10,21
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
      not opened ports-exhausted: all 1000 ports are taken
           refuse ports-exhausted
           >C 425 Can't open data connection: no data port is free.
    `);
  });

  test("that can't be served is answered in its turn: earlier replies first", () => {
    play(`
      C> CWD /tmp
           >S CWD /tmp
      C> PORT 192,168,1,100,10,21
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
      not opened ports-exhausted
           refuse ports-exhausted
      S> 250 Changed
           >C 250 Changed
           >C 425 Can't open data connection: no data port is free.
    `);
  });
});

describe("EPRT", () => {
  test("tells the server the gateway's endpoint in the same form (D3.43)", () => {
    play(`
      C> EPRT |1|192.168.1.100|2581|
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
      opened server side 10.0.0.1:51000
           >S EPRT |1|10.0.0.1|51000|
      S> 200 EPRT ok
           >C 200 EPRT ok
    `);
  });

  test.each([
    ["with other delimiters", "eprt !2!fd00:1::100!2581!", "other-delimiter"],
    ["with a zone", "EPRT |2|fd00:1::100%eth0|2581|", "zone-id"],
  ])("over IPv6 goes on in the canonical form when it comes %s (D3.43)", (_, typed, quirk) => {
    play(
      `
      C> ${typed}
           quirk ${quirk}
           open server side for fd00:2::5, dial [fd00:1::100]:2581 from 20
      opened server side [fd00:2::1]:51000
           >S EPRT |2|fd00:2::1|51000|
      `,
      { client: 6, server: 6 },
    );
  });

  test("with an IPv4-mapped address is one over IPv4 (D3.43)", () => {
    play(`
      C> EPRT |2|::ffff:192.168.1.100|2581|
           quirk mapped-address
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
    `);
  });

  test.each([
    ["EPRT |2|fd00:1::100|2581|", 4, "use (1)"],
    ["EPRT |1|192.168.1.100|2581|", 6, "use (2)"],
    ["EPRT |7|x|2581|", 4, "use (1)"],
  ] as const)(
    "of a family that the control connection hasn't is answered with 522: %s on IPv%i (D3.43)",
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

  test.each([
    ["EPRT |1|192.168.1.100|", "malformed-endpoint", "501 EPRT refused: malformed argument."],
    ["EPRT |1|192.168.1.100|0|", "port-zero", "501 EPRT refused: port 0."],
    ["EPRT |1|192.168.1.100|21|", "low-port", "504 EPRT refused: ports below 1024 are not allowed."],
  ])("is refused: %s", (typed, reason, reply) => {
    play(`
      C> ${typed}
           refuse ${reason}
           >C ${reply}
    `);
  });
});

describe("a new announcement before the last one was used", () => {
  test("supersedes it: PORT, then PASV (D5.92)", () => {
    play(
      `
      C> PASV
           release
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210 #2
      closed released
      opened 192.0.2.1:50010 #2
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      C> RETR a
           >S RETR a
      joined #2
      S> 150 Here
           >C 150 Here
           confirm #2
      `,
      { after: activeReady },
    );
  });

  test("supersedes it: PASV, then PORT (D5.92)", () => {
    play(
      `
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      C> PORT 192,168,1,100,10,21
           release
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20 #2
      `,
    );
  });

  test("that is refused leaves the last one as it was", () => {
    play(
      `
      C> PORT 192,168,1,100,0,21
           refuse low-port
           >C 504 PORT refused: ports below 1024 are not allowed.
      C> RETR a
           >S RETR a
      S> 150 Here
           >C 150 Here
           confirm
      `,
      { after: activeReady },
    );
  });

  test("is as good after a hundred others: one pinhole is open at any time", () => {
    const hundred = Array.from({ length: 100 }, (_, index) => {
      const number = index === 0 ? "" : ` #${index + 1}`;
      return `C> PASV\nS> 227 (10,0,0,5,200,10)\nopened 192.0.2.1:50010${number}\n${index === 0 ? "" : `closed released${index === 1 ? "" : ` #${index}`}`}`;
    });
    const { session } = play("C> NOOP\n     >S NOOP", { after: hundred.join("\n") });
    expect(session.transfers.map(({ id }) => id)).toEqual([100]);
  });
});
