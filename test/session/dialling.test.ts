// What may be dialled at a peer's word: never a listener of this process, for control and data connections alike.
import { describe, expect, test } from "vitest";
import type { Endpoint } from "../../src/net/endpoint.ts";
import { obstacleTo } from "../../src/session/dialling.ts";
import { play, playFromStart, type PlayOptions } from "./play.ts";

/** A listener of ours at port 9121, whatever the address. */
const own = {
  listensAt: ({ port }: Endpoint) => port === 9121,
  hasAddress: (address: string) => address === "10.0.0.1",
};
const anyAddress = { foreignAddress: { kind: "allow", networks: [{ base: "0.0.0.0", bits: 0 }] } } as const;

describe("the judgement", () => {
  test("a listener of ours is an obstacle even where the address is named", () => {
    expect(obstacleTo({ address: "10.0.0.5", port: 9121 }, own, true)).toBe("own-listener");
    expect(obstacleTo({ address: "10.0.0.5", port: 9122 }, own, true)).toBeUndefined();
  });

  test("an address of this machine, its link, a group or nobody is one where it is not named", () => {
    for (const address of ["127.0.0.1", "fe80::1", "0.0.0.0", "ff02::1", "2002:7f00:1::1", "10.0.0.1"]) {
      expect(obstacleTo({ address, port: 2121 }, own, false), address).toBe("special-address");
      expect(obstacleTo({ address, port: 2121 }, own, true), address).toBeUndefined();
    }
    expect(obstacleTo({ address: "10.0.0.5", port: 2121 }, own, false)).toBeUndefined();
  });
});

describe("a client's PORT or EPRT", () => {
  test.each<[string, PlayOptions]>([
    ["PORT 192,168,1,100,35,161", {}],
    ["PORT 0,0,0,0,35,161", {}],
    ["PORT 203,0,113,9,35,161", {}],
    ["PORT 203,0,113,9,35,161", { policy: anyAddress }],
    ["EPRT |1|192.168.1.100|9121|", {}],
    ["EPRT |2|fd00:1::100|9121|", { client: 6 }],
  ])("that names a listener of ours is refused with 504, and the server hears nothing of it: %s", (line, options) => {
    play(
      `
C> ${line}
     refuse own-endpoint
     >C 504 ${line.slice(0, 4)} refused: that is this gateway itself.
C> NOOP
     >S NOOP
      `,
      { ...options, own },
    );
  });
});

describe("a list of foreign addresses that holds every address", () => {
  const policy = anyAddress;

  test.each(["127,0,0,1", "169,254,169,254", "10,0,0,1"])(
    "does not name this machine or its link: PORT and 227 with %s are a third host's",
    (address) => {
      const dotted = address.replaceAll(",", ".");
      play(
        `
C> PORT ${address},10,21
     refuse foreign-address
     >C 504 PORT refused: ${dotted} is not your address.
C> PASV
     >S PASV
S> 227 Entering Passive Mode (${address},10,21)
     refuse server-endpoint-foreign
     >C 425 Can't open data connection: PASV answered 227
        `,
        { policy, own },
      );
    },
  );

  test("does not keep a narrower one from naming it", () => {
    const networks = [...policy.foreignAddress.networks, { base: "127.0.0.0", bits: 8 }];
    play(
      `
C> PASV
     >S PASV
S> 227 Entering Passive Mode (127,0,0,1,10,21)
     open client side for 192.168.1.100, dial 127.0.0.1:2581
      `,
      { policy: { foreignAddress: { kind: "allow", networks } }, own },
    );
  });
});

describe("a server's 227 or 229", () => {
  test("that names a listener of ours is answered with 425: nothing is opened, and the session lives", () => {
    play(
      `
C> PASV
     >S PASV
S> 227 Entering Passive Mode (10,0,0,5,35,161)
     refuse server-endpoint-own
     >C 425 Can't open data connection: PASV answered 227
C> EPSV
     >S EPSV
S> 229 Entering Extended Passive Mode (|||9121|)
     refuse server-endpoint-own
     >C 425 Can't open data connection: EPSV answered 229
C> PASV
     >S PASV
S> 227 Entering Passive Mode (10,0,0,5,35,162)
     open client side for 192.168.1.100, dial 10.0.0.5:9122 #3
      `,
      { own },
    );
  });

  test("is judged in a fallback too: the next mode is tried", () => {
    play(
      `
C> PASV
     >S EPSV
S> 229 Entering Extended Passive Mode (|||9121|)
     learn that EPSV is rejected
     >S PASV
S> 227 Entering Passive Mode (10,0,0,5,35,162)
     open client side for 192.168.1.100, dial 10.0.0.5:9122
      `,
      { own, serverMode: "passive" },
    );
  });
});

describe("the server of a fixed route", () => {
  const fixed = (host: string): PlayOptions => ({ route: { kind: "fixed", host, port: 2121 }, own });

  test.each(["127.0.0.1", "10.0.0.1", "169.254.1.1"])("is %s where the configuration names that address", (host) => {
    playFromStart(
      `
     connect ${host}:2121
connected ${host}:2121
      `,
      fixed(host),
    );
  });

  test.each(["127.0.0.1", "10.0.0.1"])("may be this machine, %s, where its name is the configuration's", (address) => {
    playFromStart(
      `
     resolve ftp.example.com:2121
resolved ${address}:2121
     connect ${address}:2121
      `,
      fixed("ftp.example.com"),
    );
  });

  test.each(["169.254.169.254", "0.0.0.0", "224.0.0.1"])("is not %s because a name server says so: 421", (address) => {
    playFromStart(
      `
     resolve ftp.example.com:2121
resolved ${address}:2121
     >C 421 The server's address is not allowed.
     end server-address
      `,
      fixed("ftp.example.com"),
    );
  });
});

test("a client that an intercepting rule sends to us by mistake does not reach this machine's other services: 421", () => {
  const intended = { route: { kind: "transparent" }, own: { hasAddress: () => true } } as const;
  playFromStart(
    `
     >C 421 The server's address is not allowed.
     end server-address
timer idle
    `,
    intended,
  );
});
