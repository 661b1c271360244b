import { describe, test } from "vitest";
import { play } from "./play.ts";

describe("PASV and EPSV, mode same", () => {
  test("the client is given the gateway's endpoint, and only after the pinhole is open", () => {
    play(`
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      C> RETR example.txt
           >S RETR example.txt
      admitted client 192.168.1.100:1236
      joined
      S> 150 Opening data connection
           confirm
           >C 150 Opening data connection
      delivered
      S> 226 Transfer complete
           >C 226 Transfer complete
      closed complete
    `);
  });

  test("EPSV is answered with a port alone", () => {
    play(`
      C> epsv
           >S epsv
      S> 229 Extended Passive mode OK (|||51210|)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 229 Entering Extended Passive Mode (|||50010|)
    `);
  });

  test("what follows PASV in the same segment is held and goes out in order", () => {
    play(`
      C> PASV
           >S PASV
      C> REST 100
      C> RETR a
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
           >S REST 100
           >S RETR a
    `);
  });

  test("a completion reply waits for the last byte (D4.68)", () => {
    play(`
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,5,200,10)
           open client side for 192.168.1.100, dial 10.0.0.5:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      C> LIST
           >S LIST
      joined
      S> 150 Here it comes
           confirm
           >C 150 Here it comes
      S> 226-File transferred
           linger
      S> 226 0.1 seconds
      delivered
           >C 226-File transferred
           >C 226 0.1 seconds
    `);
  });
});

describe("PORT and EPRT, mode same", () => {
  test("the server is given the gateway's endpoint", () => {
    play(`
      C> PORT 192,168,1,100,10,21
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
      opened 10.0.0.1:51000
           >S PORT 10,0,0,1,199,56
      S> 200 PORT command successful
           >C 200 PORT command successful
      C> STOR x
           >S STOR x
      S> 150 ok
           confirm
           >C 150 ok
      admitted server 10.0.0.5:20
      joined
      S> 226 done
           linger
           >C 226 done
      closed complete
    `);
  });
});
