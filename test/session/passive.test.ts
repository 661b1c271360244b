// PASV and EPSV in the client's own words (mode same): what of the server's answer is believed, and what the client is told.
import { describe, expect, test } from "vitest";
import { downloading, passiveReady, play, withoutDigits } from "./play.ts";

describe("PASV", () => {
  test("is answered with the gateway's endpoint, and only after the pinhole is open (D1.1)", () => {
    play(`
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10).
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
    `);
  });

  test("is answered with the configured address where one is configured", () => {
    play(
      `
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (203,0,113,7,195,90)
      `,
      { clientAdvertise: "203.0.113.7" },
    );
  });

  test("names the port that leads to the gateway's where something in front publishes other numbers", () => {
    const options = { clientAdvertise: "203.0.113.7", portShift: { client: -20_000, server: 0 } };
    play(
      `
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (203,0,113,7,117,58)
      `,
      options,
    );
    play(
      `
      C> EPSV
           >S EPSV
      S> 229 Entering Extended Passive Mode (|||51210|)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 229 Entering Extended Passive Mode (|||30010|)
      `,
      options,
    );
  });

  test.each([
    ["without parentheses, as Roxen says it (D1.2)", "227 Entering Passive Mode. 10,0,0,5,200,10", "no-parentheses"],
    ["in other words (D1.3)", "227 Data transfer will passively listen to 10,0,0,5,200,10", "no-parentheses"],
    ["in the = form (D1.4)", "227 =10,0,0,5,200,10", "equals-form"],
    ["with leading zeros, which are decimal (D1.5)", "227 Entering (010,000,000,005,200,010)", "leading-zero"],
    ["with blanks after the commas (D1.6)", "227 Entering Passive Mode (10, 0, 0, 5, 200, 10)", "space-in-endpoint"],
    ["behind other digits (D1.9)", "227 Port 2 open (10,0,0,5,200,10)", "digits-before-endpoint"],
  ])("is answered in the one canonical form when the server answers %s", (_, reply, quirk) => {
    play(`
      C> PASV
           >S PASV
      S> ${reply}
           quirk ${quirk}
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
    `);
  });

  test("is answered whatever language the server's text is in, because digits decide (D1.16)", () => {
    play(`
      C> PASV
           >S PASV
      S> 227 Passage en mode passif \xe9tendu (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
    `);
  });

  test.each([
    ["numbers above 255 (D1.7)", "Entering Passive Mode (10,0,0,256,200,10)", "malformed"],
    ["five numbers (D1.8)", "Entering Passive Mode (10,0,0,5,200)", "malformed"],
    ["seven numbers (D1.8)", "Entering Passive Mode (10,0,0,5,200,10,1)", "malformed"],
    ["port 0 (D1.13)", "Entering Passive Mode (10,0,0,5,0,0)", "malformed"],
    ["a port below 1024 (D1.13)", "Entering Passive Mode (10,0,0,5,0,22)", "low-port"],
    ["no endpoint", "Entering Passive Mode", "malformed"],
  ])("is answered with 425 and opens nothing when the server answers %s", (_, text, reason) => {
    play(`
      C> PASV
           >S PASV
      S> 227 ${text}
           refuse server-endpoint-${reason}
           >C 425 Can't open data connection: PASV answered ${withoutDigits(`227 ${text}`)}
      C> NOOP
           >S NOOP
    `);
  });

  test("waits for the final answer when a preliminary one comes first (D1.18)", () => {
    play(`
      C> PASV
           >S PASV
      S> 120 Wait
           >C 120 Wait
      S> 150 Preparing (1,2,3,4,5,6)
           >C 150 Preparing (1,2,3,4,5,6)
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
    `);
  });

  test("is answered from the first line of a multi-line 227, of which the client sees nothing else", () => {
    play(`
      C> PASV
           >S PASV
      S> 227-Entering Passive Mode (10,0,0,5,200,10)
      S>  Mind the gap (1,2,3,4,5,6)
      S> 227 Done
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
    `);
  });

  test("is answered from the last line of a multi-line 227 that has its endpoint there", () => {
    play(`
      C> PASV
           >S PASV
      S> 227-Entering Passive Mode
      S> 227 (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
    `);
  });

  test("is typed in lower case, and so the server reads it (D3.34)", () => {
    play(`
      C> pasv
           >S pasv
    `);
  });

  test("is answered by a 227 with a digit behind its code too, and the client gets the canonical form (D2.26)", () => {
    play(`
      C> PASV
           >S PASV
      S> 2271 (10,0,0,5,200,10)
           quirk odd-separator
           quirk digits-before-endpoint
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
    `);
  });

  test("loses an argument that it must not have (D3.45)", () => {
    play(`
      C> PASV 192,168,1,100,10,21
           quirk argument-after-pasv
           >S PASV
    `);
  });

  test("that the server rejects is rejected in the server's words, all of them", () => {
    play(`
      C> PASV
           >S PASV
      S> 502-No passive mode
           >C 502-No passive mode
      S> 227 Entering Passive Mode (1,2,3,4,5,6)
           quirk other-code-in-reply
           >C  227 Entering Passive Mode (1,2,3,4,5,6)
      S> 502 here.
           >C 502 here.
    `);
  });

  test("that the server closes for is closed with the server's words (D4.84)", () => {
    play(`
      C> PASV
           >S PASV
      S> 421 Data connections from two addresses are not allowed
           >C 421 Data connections from two addresses are not allowed
      S closes
           end server-closing
    `);
  });

  test.each([
    ["ports-exhausted", "no data port is free"],
    ["address-unavailable", "the gateway cannot use its address"],
    ["plane-unavailable", "no data plane is available"],
  ])("is answered with 425 when no pinhole can be opened: %s (D5.91)", (reason, words) => {
    play(`
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      not opened ${reason}
           refuse ${reason}
           >C 425 Can't open data connection: ${words}.
    `);
  });

  test("over IPv6 is refused, because 227 has no room for the address", () => {
    play(
      `
      C> PASV
           refuse unsupported-family
           >C 522 Network protocol not supported, use EPSV (2)
      `,
      { client: 6, server: 6 },
    );
  });
});

const masked = (line: string) => line.slice(0, 3) + line.slice(3).replace(/\d/g, "x");

describe("a 227 is text and opens nothing", () => {
  test("when it answers something else (D1.14)", () => {
    play(`
      C> QUIT
           >S QUIT
      S> 227 Logout.
           >C 227 Logout.
           end quit
    `);
  });

  test.each([
    "227 Entering Passive Mode (10,0,0,5,200,10)",
    "229 Extended (|||51210|)",
    "228 Long (4,4,10,0,0,5,2,200,10)",
  ])("when nothing or something else was asked, and its endpoint does not reach the client (D1.14): %s", (line) => {
    play(`
        S> ${line}
             quirk unasked-reply
        S> ${line.replace(" ", "-")}
             quirk unasked-reply
        S> ${line}
        C> NOOP
             >S NOOP
        S> ${line}
             >C ${masked(line)}
        C> NOOP
             >S NOOP
        S> ${line.replace(" ", "-")}
             >C ${masked(line.replace(" ", "-"))}
        S> ${line}
             >C ${masked(line)}
      `);
  });

  test.each([
    ["500 What?", ">C 500 What?"],
    ["200 ok", "refuse server-endpoint-malformed\n           >C 425 Can't open data connection: PASV answered 200 ok"],
  ])("that comes behind another reply to its PASV does not reach the client: %s (D1.14)", (reply, told) => {
    const { session } = play(`
      C> PASV
           >S PASV
      S> ${reply}
           ${told}
      C> NOOP
           >S NOOP
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           quirk unasked-reply
      S> 200 ok
           >C 200 ok
      C> PORT 192,168,1,100,10,21
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20 #2
      opened server side 10.0.0.1:51000 #2
           >S PORT 10,0,0,1,199,56
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           quirk unasked-reply
      S> 200 PORT command successful
           >C 200 PORT command successful
    `);
    expect(session.outstanding).toEqual([]);
  });

  test.each(["2271 (10,0,0,5,200,10)", "2290 (|||51210|)", "2281-(4,4,10,0,0,5,2,200,10)", "227x (10,0,0,5,200,10)"])(
    "with anything behind its code, as clients that read three digits take it: %s (D1.14, D2.26)",
    (line) => {
      play(`
        S> ${line}
             quirk odd-separator
             quirk unasked-reply
        C> NOOP
             >S NOOP
        S> ${line}
             quirk odd-separator
             >C ${masked(line)}
      `);
    },
  );

  test("behind a CR inside another line, where some clients begin a line (D1.14)", () => {
    play(`
      C> NOOP
           >S NOOP
      S> 200 ok\r227 Entering Passive Mode (10,0,0,5,200,10)
           quirk stray-reply-line
           >C 200 ok\r227 Entering Passive Mode (xx,x,x,x,xxx,xx)
    `);
  });

  test.each([
    "227 Entering Passive Mode (10,0,0,5,1,1)",
    "229 Extended (|||51210|)",
    "228-Long (4,4,10,0,0,5,2,200,10)",
    "2271 (10,0,0,5,1,1)",
  ])(
    "attack: inside a reply that curl ends at any code, it is no line that a client could take for one: %s (D1.15)",
    (line) => {
      play(`
      C> CWD pub
           >S CWD pub
      S> 250-Welcome
           >C 250-Welcome
      S> 226 Ended, says curl
           quirk other-code-in-reply
           >C 226 Ended, says curl
      S> ${line}
           ${line.charAt(3) === " " ? "quirk other-code-in-reply\n           " : ""}>C  ${line}
      S> 250 Done
           >C 250 Done
      C> FEAT
           >S FEAT
      S> 211-Features
           >C 211-Features
      S> ${line}
           ${line.charAt(3) === " " ? "quirk other-code-in-reply\n           " : ""}>C  ${line}
    `);
    },
  );

  test("inside a multi-line reply, even while a PASV waits for its own (D1.15)", () => {
    play(`
      C> STAT
           >S STAT
      C> PASV
           >S PASV
      S> 211-Status
           >C 211-Status
      S> 227 Entering Passive Mode (10,0,0,5,1,1)
           quirk other-code-in-reply
           >C  227 Entering Passive Mode (10,0,0,5,1,1)
      S> 211 End
           >C 211 End
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
    `);
  });

  test("inside an error (D1.15)", () => {
    play(`
      C> PASV
           >S PASV
      S> 550 227 Entering Passive Mode (10,0,0,5,200,10)
           >C 550 227 Entering Passive Mode (10,0,0,5,200,10)
    `);
  });
});

describe("a second PASV before the first is used", () => {
  test("supersedes it: the older pinhole is released before the newer opens (D1.17)", () => {
    const { session } = play(
      `
      C> PASV
           release
           >S PASV
      closed released
      S> 227 Entering Passive Mode (10,0,0,5,200,11)
           open client side for 192.168.1.100, dial 10.0.0.5:51211 #2
      opened 192.0.2.1:50011 #2
           >C 227 Entering Passive Mode (192,0,2,1,195,91)
      `,
      { after: passiveReady },
    );
    expect(session.transfers.map(({ id }) => id)).toEqual([2]);
  });

  test("leaves nothing usable behind when the server rejects it", () => {
    play(
      `
      C> PASV
           release
           >S PASV
      S> 500 Enough
           >C 500 Enough
      C> RETR a
           >S RETR a
      S> 425 Use PASV first
           >C 425 Use PASV first
      `,
      { after: passiveReady },
    );
  });
});

test("an announcement ends no transfer, and is not shown where none was asked for (D1.14)", () => {
  const { session } = play(
    `
    S> 227-Entering Passive Mode
         quirk unasked-reply
    S> 227 (10,0,0,5,200,11)
    S> 227 Entering Passive Mode (10,0,0,5,200,11)
         quirk unasked-reply
    S> 226 Done
         linger
    delivered
         >C 226 Done
    `,
    { after: downloading },
  );
  expect(session.outstanding).toEqual([]);
});
