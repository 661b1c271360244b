// Sessions as textbooks show them, with their addresses and ports: the client 192.168.1.100, the server 10.0.0.5, and the
// gateway between them at 192.0.2.1 and 10.0.0.1.
import { describe, expect, test } from "vitest";
import { play, playFromStart } from "./play.ts";

const anonymousLogin = `
       connect 10.0.0.5:21
  connected 10.0.0.5:21
  S> 220 FTP Server Ready
       >C 220 FTP Server Ready
  C> USER anonymous
       >S USER anonymous
  S> 331 Password required
       >C 331 Password required
  C> PASS anonymous@example.com
       >S PASS ****
  S> 230 Login successful
       >C 230 Login successful`;

test("active mode: PORT 192,168,1,100,10,21 is port 2581, and the data comes from port 20", () => {
  const { facts } = playFromStart(`${anonymousLogin}
  C> PORT 192,168,1,100,10,21
       open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
  opened server side 10.0.0.1:51000
       >S PORT 10,0,0,1,199,56
  S> 200 PORT command successful
       >C 200 PORT command successful
  C> RETR example.txt
       >S RETR example.txt
  S> 150 Opening data connection
       >C 150 Opening data connection
       confirm
  admitted server 10.0.0.5:20
  joined
  delivered
  S> 226 Transfer complete
       >C 226 Transfer complete
  closed complete
  `);
  expect(facts).toContainEqual({ kind: "translated", from: "PORT", to: "PORT" });
});

test("passive mode: 227 (10,0,0,5,157,23) is port 40215", () => {
  const { facts } = playFromStart(`${anonymousLogin}
  C> PASV
       >S PASV
  S> 227 Entering Passive Mode (10,0,0,5,157,23)
       open client side for 192.168.1.100, dial 10.0.0.5:40215
  opened 192.0.2.1:50010
       >C 227 Entering Passive Mode (192,0,2,1,195,90)
  C> RETR example.txt
       >S RETR example.txt
  S> 150 Opening data connection
       >C 150 Opening data connection
       confirm
  admitted client 192.168.1.100:1236
  joined
  delivered
  S> 226 Transfer complete
       >C 226 Transfer complete
  closed complete
  `);
  expect(facts).toContainEqual({ kind: "translated", from: "PASV", to: "PASV" });
});

describe("ftp.exe of Windows and the Microsoft FTP Service", () => {
  test("RETR is sent before the data connection is acknowledged, and 125 stands where others say 150 (D4.67)", () => {
    playFromStart(`
           connect 10.0.0.5:21
      connected 10.0.0.5:21
      S> 220 Microsoft FTP Service
           >C 220 Microsoft FTP Service
      C> OPTS UTF8 ON
           >S OPTS UTF8 ON
      S> 200 OPTS UTF8 command successful - UTF8 encoding now ON.
           >C 200 OPTS UTF8 command successful - UTF8 encoding now ON.
      C> USER anonymous
           >S USER anonymous
      S> 331 Anonymous access allowed, send identity (e-mail name) as password.
           >C 331 Anonymous access allowed, send identity (e-mail name) as password.
      C> PASS
           >S PASS
      S> 230 User logged in.
           >C 230 User logged in.
      C> PORT 192,168,1,100,249,156
           open server side for 10.0.0.5, dial 192.168.1.100:63900 from 20
      opened server side 10.0.0.1:51000
           >S PORT 10,0,0,1,199,56
      admitted server 10.0.0.5:20
      C> RETR hehe.txt
      S> 200 PORT command successful.
           >C 200 PORT command successful.
           >S RETR hehe.txt
      joined
      S> 125 Data connection already open; Transfer starting.
           >C 125 Data connection already open; Transfer starting.
           confirm
      delivered
      S> 226 Transfer complete.
           >C 226 Transfer complete.
      closed complete 0 up 5 down in 1 ms
      C> QUIT
           >S QUIT
      S> 221 Goodbye.
           >C 221 Goodbye.
           end quit
    `);
  });

  test("a loopback address from a server that is not on loopback is the server's own (D1.11)", () => {
    play(`
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (127,0,0,1,196,75).
           quirk private-address
           open client side for 192.168.1.100, dial 10.0.0.5:50251
    `);
  });
});

test("a person at telnet types lower case with bare line feeds, and opens the data connection before the command (D3.34, D4.65)", () => {
  play(`
    C(bare-lf)> pasv
         quirk bare-lf
         >S pasv
    S> 227 Entering Passive Mode (10,0,0,5,196,75).
         open client side for 192.168.1.100, dial 10.0.0.5:50251
    opened 192.0.2.1:50010
         >C 227 Entering Passive Mode (192,0,2,1,195,90)
    admitted client 192.168.1.100:50252
    joined
    C(bare-lf)> retr hehe.txt
         quirk bare-lf
         >S retr hehe.txt
    S> 125 Data connection already open; Transfer starting.
         >C 125 Data connection already open; Transfer starting.
         confirm
    delivered
    S> 226 Transfer complete.
         >C 226 Transfer complete.
    closed complete 0 up 5 down in 2 ms
  `);
});

test.each([
  [21, 20],
  [2121, 2120],
])("the data port is the command port − 1: for %i it is %i", (listenPort, dataPort) => {
  play(
    `
    C> PORT 192,168,1,100,4,3
         open server side for 10.0.0.5, dial 192.168.1.100:1027 from ${dataPort}
    `,
    { listenPort },
  );
});
