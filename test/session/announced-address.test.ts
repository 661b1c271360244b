// Attack: a peer announces an address that is not its own, so that we connect to a third host for it (FTP bounce, RFC 2577),
// or a server behind a NAT announces one that means nothing outside. Only the port is taken, unless policy says otherwise.
import { describe, expect, test } from "vitest";
import { parseNetwork, type Network } from "../../src/net/endpoint.ts";
import { trustedAddress } from "../../src/session/announced-address.ts";
import type { ForeignAddress } from "../../src/session/options.ts";
import { play } from "./play.ts";

function networks(...texts: string[]): readonly Network[] {
  return texts.flatMap((text) => parseNetwork(text) ?? []);
}

const usePeer: ForeignAddress = { kind: "use-peer" };
const refuse: ForeignAddress = { kind: "refuse" };
const allow: ForeignAddress = { kind: "allow", networks: networks("10.0.0.6/32", "10.9.0.0/16") };

describe("the address of a third host in a 227", () => {
  test("is replaced by the server's own (D1.12)", () => {
    play(`
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,6,200,10)
           quirk foreign-address
           open client side for 192.168.1.100, dial 10.0.0.5:51210
    `);
  });

  test("is answered with 425 where policy refuses it (D1.12)", () => {
    play(
      `
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,0,0,6,200,10)
           refuse server-endpoint-foreign
           >C 425 Can't open data connection: PASV answered 227
      `,
      { policy: { foreignAddress: refuse } },
    );
  });

  test("is dialled where policy lists it, and no other (D1.12)", () => {
    play(
      `
      C> PASV
           >S PASV
      S> 227 Entering Passive Mode (10,9,1,2,200,10)
           open client side for 192.168.1.100, dial 10.9.1.2:51210
      opened 192.0.2.1:50010
           >C 227 Entering Passive Mode (192,0,2,1,195,90)
      C> PASV
           release
           >S PASV
      S> 227 Entering Passive Mode (10,8,1,2,200,10)
           refuse server-endpoint-foreign
           >C 425 Can't open data connection: PASV answered 227
      `,
      { policy: { foreignAddress: allow } },
    );
  });
});

describe("the address of a third host in a PORT", () => {
  test("is replaced by the client's own (D3.42)", () => {
    play(`
      C> PORT 192,168,1,7,10,21
           quirk foreign-address
           open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20
    `);
  });

  test("is answered with 504 where policy refuses it, for EPRT too (D3.42)", () => {
    play(
      `
      C> PORT 192,168,1,7,10,21
           refuse foreign-address
           >C 504 PORT refused: 192.168.1.7 is not your address.
      C> EPRT |1|192.168.1.7|2581|
           refuse foreign-address
           >C 504 EPRT refused: 192.168.1.7 is not your address.
      `,
      { policy: { foreignAddress: refuse } },
    );
  });

  test("is dialled where policy lists it, as for a transfer between servers (D3.42)", () => {
    play(
      `
      C> PORT 10,9,0,1,10,21
           open server side for 10.0.0.5, dial 10.9.0.1:2581 from 20
      `,
      { policy: { foreignAddress: allow } },
    );
  });
});

test.each([usePeer, refuse, allow])(
  "0.0.0.0 means the peer itself, whatever the policy: $kind (D1.10, D3.42)",
  (foreignAddress) => {
    play(
      `
    C> PASV
         >S PASV
    S> 227 Entering Passive Mode (0,0,0,0,200,10)
         quirk unspecified-address
         open client side for 192.168.1.100, dial 10.0.0.5:51210
    opened 192.0.2.1:50010
         >C 227 Entering Passive Mode (192,0,2,1,195,90)
    C> PORT 0,0,0,0,10,21
         quirk unspecified-address
         release
         open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20 #2
    `,
      { policy: { foreignAddress } },
    );
  },
);

describe("an address that means something only nearer to the peer is the peer's own (D1.11, D3.42)", () => {
  test.each([
    ["127.0.0.1", "203.0.113.5"],
    ["127.0.0.1", "10.0.0.5"],
    ["169.254.3.4", "10.0.0.5"],
    ["10.1.2.3", "203.0.113.5"],
    ["172.16.0.1", "203.0.113.5"],
    ["192.168.1.1", "203.0.113.5"],
    ["100.64.0.1", "203.0.113.5"],
    ["fe80::1", "2001:db8::5"],
    ["fd00::1", "2001:db8::5"],
    ["::1", "fd00::5"],
  ])("%s from %s", (announced, peer) => {
    const trusted = { ok: true, address: peer, quirks: ["private-address"] };
    expect(trustedAddress(usePeer, announced, peer)).toEqual(trusted);
    expect(trustedAddress(refuse, announced, peer)).toEqual(trusted);
  });
});

test.each([
  ["203.0.113.9", "203.0.113.5"],
  ["203.0.113.9", "10.0.0.5"],
  ["10.0.0.6", "10.0.0.5"],
  ["127.0.0.2", "127.0.0.1"],
  ["8.8.8.8", "127.0.0.1"],
])("%s announced by %s is a third host's", (announced, peer) => {
  expect(trustedAddress(refuse, announced, peer)).toEqual({ ok: false });
  expect(trustedAddress(usePeer, announced, peer)).toEqual({ ok: true, address: peer, quirks: ["foreign-address"] });
});

test("a listed address is believed before it is taken for a mistake", () => {
  expect(trustedAddress(allow, "10.9.0.1", "203.0.113.5")).toEqual({ ok: true, address: "10.9.0.1", quirks: [] });
});

test("a listed address of the other family is not, because the data connection would need another socket", () => {
  const both: ForeignAddress = { kind: "allow", networks: networks("0.0.0.0/0", "::/0") };
  expect(trustedAddress(both, "203.0.113.9", "2001:db8::5")).toEqual({ ok: false });
});
