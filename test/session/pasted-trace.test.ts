// A trace copied out of the log (level `trace`) is a test by paste. What the stage of play.ts can't know is given: the
// server that was configured (`route`), the address that clients are told (`clientAdvertise`). The client is 192.168.1.100.
import { expect, test } from "vitest";
import { playFromStart } from "./play.ts";

test("the trace of a session plays as the log has it: a download, a refused PORT, QUIT", () => {
  const { facts } = playFromStart(
    `
         connect 198.51.100.21:21
    connected 198.51.100.21:21 from 198.51.100.1:42736
    S> 220 Demonstration server
         >C 220 Demonstration server
    C> USER u
         >S USER u
    S> 331 Any password will do.
         >C 331 Any password will do.
    C> PASS ****
         >S PASS ****
    S> 230 Login successful.
         >C 230 Login successful.
    C> TYPE I
         >S TYPE I
    S> 200 Type is I.
         >C 200 Type is I.
    C> PASV
         >S PASV
    S> 227 Entering Passive Mode (198,51,100,21,157,45)
         open client side for 192.168.1.100, dial 198.51.100.21:40237
    opened 203.0.113.7:22036 by splice
         >C 227 Entering Passive Mode (203,0,113,7,86,20)
    C> RETR readme.txt
         >S RETR readme.txt
    admitted client 192.168.1.100:38126
    joined
    S> 150 Opening data connection for 29 bytes.
         >C 150 Opening data connection for 29 bytes.
         confirm
    delivered
    closed complete 0 up 29 down in 3 ms
    S> 226 Transfer complete.
         >C 226 Transfer complete.
    C> PORT 10,0,0,1,0,20
         refuse low-port
         >C 504 PORT refused: ports below 1024 are not allowed.
    C> QUIT
         >S QUIT
    S> 221 Goodbye.
         >C 221 Goodbye.
         end quit
    `,
    { route: { kind: "fixed", host: "198.51.100.21", port: 21 }, clientAdvertise: "203.0.113.7" },
  );
  expect(facts.at(-1)).toMatchObject({ kind: "ended", reason: "quit" });
});

test("so does that of a session under TLS on both legs, whose data connection is cut off", () => {
  playFromStart(
    `
         connect 198.51.100.21:21
    connected 198.51.100.21:21 from 198.51.100.1:42736
    S> 220 Demonstration server
         >C 220 Demonstration server
         >S AUTH TLS
    S> 234 Go ahead.
         start tls server
    tls started server TLSv1.3 TLS_AES_256_GCM_SHA384 in 4 ms for ftp.example.com: CN=ftp.example.com
         >S PBSZ 0
    S> 200 PBSZ=0
         >S PROT P
    S> 200 Private.
    C> AUTH TLS
         >C 234 AUTH TLS successful.
         start tls client
    tls started client TLSv1.3 TLS_AES_128_GCM_SHA256 resumed in 2 ms for gw.example.net user "anna": CN=anna,O=Example
    C> USER anna
         >S USER anna
    S> 331 Any password will do.
         >C 331 Any password will do.
    C> PASS ****
         >S PASS ****
    S> 230 Login successful.
         >C 230 Login successful.
    C> PBSZ 0
         >C 200 PBSZ=0
    C> PROT P
         >C 200 Protection set to Private.
    C> EPSV
         >S EPSV
    S> 229 Entering Extended Passive Mode (|||40237|)
         open client side for 192.168.1.100 under TLS, dial 198.51.100.21:40237 under TLS
    opened 203.0.113.7:22036
         >C 229 Entering Extended Passive Mode (|||22036|)
    C> RETR readme.txt
         >S RETR readme.txt
    admitted client 192.168.1.100:38126
    joined
    secured client TLSv1.3 TLS_AES_128_GCM_SHA256 resumed in 1 ms
    S> 150 Opening data connection for 29 bytes.
         >C 150 Opening data connection for 29 bytes.
         confirm
    secured server TLSv1.3 TLS_AES_256_GCM_SHA384 resumed in 1 ms
    closed tls-truncated 0 up 12 down in 3 ms: server: FIN without close_notify
    S> 226 Transfer complete.
         refuse broken-transfer
         >C 426 Transfer incomplete: the server ended the data connection without close_notify.
    C> QUIT
         >S QUIT
    S> 221 Goodbye.
         >C 221 Goodbye.
         end quit
    `,
    {
      ...{ route: { kind: "fixed", host: "198.51.100.21", port: 21 }, clientAdvertise: "203.0.113.7" },
      tls: { server: { mode: "required" } },
    },
  );
});
