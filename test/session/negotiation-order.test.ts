// While a data connection is negotiated, what either peer says meanwhile is held, and goes out in the order in which it came.
import { describe, expect, test } from "vitest";
import { feed, prologue, play } from "./play.ts";

describe("commands that follow PASV or PORT in the same segment", () => {
  test("are held until the client has its answer, and go out in order (D3.39)", () => {
    play(`
      C> PASV
           >S PASV
      C> REST 100
      C> RETR a
      C> NOOP
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
           >S REST 100
           >S RETR a
           >S NOOP
    `);
  });

  test("are held until the server has accepted the PORT, and use its data connection (D3.39)", () => {
    play(`
      C> PORT 192,168,1,100,10,21
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
      C> RETR a
      opened server side 10.0.0.1:51000
           >S PORT 10,0,0,1,199,56
      S> 200 ok
           >C 200 ok
           >S RETR a
      S> 150 Here
           >C 150 Here
           confirm
    `);
  });

  test("go on when it is rejected", () => {
    play(`
      C> PASV
           >S PASV
      C> PORT 192,168,1,100,10,21
      C> RETR a
      S> 500 No
           >C 500 No
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20 #2
      opened server side 10.0.0.1:51000 #2
           >S PORT 10,0,0,1,199,56
      S> 200 ok
           >C 200 ok
           >S RETR a
    `);
  });

  test("are held, a PASV among them, one negotiation after the other", () => {
    play(`
      C> PASV
           >S PASV
      C> PASV
      C> RETR a
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
           release
           >S PASV
      closed released
      S> 227 Entering Passive Mode (10,0,0,5,200,11)
           open client side for 192.168.1.100, dial 10.0.0.5:51211 #2
      opened 192.0.2.1:50011 #2
           >C 227 Entering Passive Mode (192,0,2,1,195,91)
           >S RETR a
    `);
  });
});

test("replies that come while the pinhole is being opened follow the announcement", () => {
  play(`
    C> PASV
         >S PASV
    S> 227 Entering Passive Mode (10,0,0,5,200,10)
         open client side for 192.168.1.100, dial 10.0.0.5:51210
    S> 220 Something else
    S> 421 Going down
    opened 192.0.2.1:50010
         >C 227 Entering Passive Mode (192,0,2,1,195,90)
         quirk unasked-reply
         >C 220 Something else
         >C 421 Going down
         release
  `);
});

test("PRET stands before PASV at the server too (D3.59)", () => {
  play(`
    C> PRET RETR a
         >S PRET RETR a
    C> PASV
         >S PASV
    S> 200 OK, planning to transfer
         >C 200 OK, planning to transfer
    S> 227 Entering Passive Mode (10,0,0,5,200,10)
         open client side for 192.168.1.100, dial 10.0.0.5:51210
  `);
});

test("REST, TYPE and the like between PASV and RETR leave the data connection waiting", () => {
  play(`
    C> PASV
         >S PASV
    S> 227 Entering Passive Mode (10,0,0,5,200,10)
         open client side for 192.168.1.100, dial 10.0.0.5:51210
    opened 192.0.2.1:50010
         >C 227 Entering Passive Mode (192,0,2,1,195,90)
    C> TYPE I
         >S TYPE I
    S> 200 Binary
         >C 200 Binary
    C> REST 5
         >S REST 5
    S> 350 Restarting at 5
         >C 350 Restarting at 5
    C> RETR a
         >S RETR a
    joined
    S> 150 Here
         >C 150 Here
         confirm
  `);
});

test("a preliminary reply to a transfer leaves the commands before it waiting for theirs", () => {
  const { session } = play(
    `
    C> NOOP
         >S NOOP
    C> LIST
         >S LIST
    S> 150 Here
         >C 150 Here
    S> 200 ok
         >C 200 ok
    S> 226 Complete
         >C 226 Complete
    `,
  );
  expect(session.outstanding).toEqual([]);
});

test("a pinhole that is opened twice is announced once", () => {
  play(`
    C> PORT 192,168,1,100,10,21
         open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
    opened server side 10.0.0.1:51000
         >S PORT 10,0,0,1,199,56
    opened server side 10.0.0.1:51000
    S> 200 ok
         >C 200 ok
  `);
});

describe("a server that answers out of step", () => {
  test("is understood again at its 227, whatever it owes (D5.86)", () => {
    play(`
      C> SITE SILENCE
           >S SITE SILENCE
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           quirk reply-out-of-order
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      C> PASV
           release
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,11)
           quirk reply-missing
           open client side for 192.168.1.100, dial 10.0.0.5:51211 #2
    `);
  });

  test("does not end the wait for a 227 with the second 226 of an earlier transfer (D3.50)", () => {
    play(`
      C> PASV
           >S PASV
      S> 226 Closing data connection
           quirk unasked-reply
           >C 226 Closing data connection
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
    `);
  });
});

describe("a data plane that breaks its word ends the session as a fault of our own: no client waits for ever", () => {
  test.each([
    [
      "it listens for the client, and does not say where",
      "C> PASV\nS> 227 Entering Passive Mode (10,0,0,5,200,10)\nopened",
    ],
    ["it listens for the server, and does not say where", "C> PORT 192,168,1,100,10,21\nopened"],
    [
      "it reports an end before anything is open",
      "C> PASV\nS> 227 Entering Passive Mode (10,0,0,5,200,10)\nclosed aborted",
    ],
  ])("%s", (_, script) => {
    expect(() => feed(`${prologue[4]}\n${script}`)).toThrow(/the data plane/);
  });
});

test("what is presumed to be the answer does not interrupt a reply that has begun", () => {
  play(
    `
    C> PORT 192,168,1,100,10,21
         open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
    opened server side 10.0.0.1:51000
         >S PORT 10,0,0,1,199,56
    S> 425 No
         >C 425 No
    S> 200 Ok
         >C 200 Ok
    S> 450-Busy
         >C 450-Busy
    timer linger
    S> 450 End
         >C 450 End
         release
    `,
    { after: "C> LIST\nC> STAT", serverMode: "active" },
  );
});
