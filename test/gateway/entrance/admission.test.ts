// Admission: the counts behind the limits. what a client over a limit reads, entrance.test.ts shows on the wire.
import { describe, expect, test } from "vitest";
import { createAdmission, type Guest } from "../../../src/gateway/entrance/admission.ts";
import { gatewayOptions } from "../start-gateway.ts";

const { limits } = gatewayOptions(21, { limits: { sessions: 3, sessionsPerClient: 2 } });

function setUp(places = { most: Infinity, taken: 0, descriptors: Infinity }) {
  const admission = createAdmission(places);
  const guests: Guest[] = [];
  return {
    ...admission,
    /** Comes in, or says why not. */
    come(address: string, wanted = limits) {
      const share = admission.shareOf(address);
      const refused = admission.refusalOf(share, wanted);
      if (refused !== undefined) return refused;
      const guest: Guest = { share, state: "before-login", evict() {} };
      guests.push(guest);
      const gone = admission.enter(guest, wanted);
      return gone === undefined ? "in" : `in for ${guests.indexOf(gone)}`;
    },
    guest: (index: number): Guest => guests[index]!,
  };
}

test("limits sessions, sessionsPerClient: a client has its own sessions, all have theirs together, and who is refused is not counted", () => {
  const { come } = setUp();
  const told = [1, 2, 3, 4].map(() => come("192.0.2.1"));
  expect(told).toEqual(["in", "in", "too-many-sessions-per-client", "too-many-sessions-per-client"]);
  expect(come("192.0.2.2")).toBe("in");
  expect(come("192.0.2.3")).toBe("too-many-sessions");
});

test("limit sessionsPerClient: all addresses of a /64 are one client, those of another are not", () => {
  const { come } = setUp();
  expect(["2001:db8::1", "2001:db8::2", "2001:db8::ffff:1"].map((address) => come(address))).toEqual([
    "in",
    "in",
    "too-many-sessions-per-client",
  ]);
  expect(come("2001:db8:0:1::1")).toBe("in");
});

test("whoever ends makes room, for itself and for all", () => {
  const { come, ended, guest } = setUp();
  for (let count = 0; count < 2; count += 1) come("192.0.2.1");
  ended(guest(0));
  expect(come("192.0.2.1")).toBe("in");
  expect(come("192.0.2.2")).toBe("in");
  ended(guest(3));
  expect(come("192.0.2.3")).toBe("in");
});

test("a change of the limits holds for the next client, whoever is inside already", () => {
  const { come } = setUp();
  come("192.0.2.1");
  expect(come("192.0.2.2", { ...limits, sessions: 1 })).toBe("too-many-sessions");
});

describe("what lingers", () => {
  test("counts: a client whose connections do not close gets no session, and no further one waits for its end", () => {
    const { come, ended, closed, guest, mayLinger, shareOf, gone } = setUp();
    for (let count = 0; count < 9; count += 1) {
      expect(come("192.0.2.1")).toBe("in");
      ended(guest(count));
    }
    expect(come("192.0.2.1")).toBe("too-many-sessions-per-client");
    expect(mayLinger(shareOf("192.0.2.1"), limits)).toBe(false);
    expect(come("192.0.2.2")).toBe("in");
    closed(guest(0));
    closed(guest(1));
    expect(mayLinger(shareOf("192.0.2.1"), limits)).toBe(true);
    expect(mayLinger(shareOf("192.0.2.1"), limits)).toBe(false);
    gone(shareOf("192.0.2.1"));
    expect(come("192.0.2.1")).toBe("in");
  });

  test("has a bound for all clients together", () => {
    const { mayLinger, shareOf } = setUp();
    const lingering = Array.from({ length: 300 }, (_, index) => mayLinger(shareOf(`192.0.2.${index % 250}`), limits));
    expect(lingering.filter(Boolean)).toHaveLength(256);
  });

  test("takes one of the places that the descriptors suffice for, until it is closed, in all gateways of the process", () => {
    const places = { most: 2, taken: 0, descriptors: Infinity };
    const [one, other] = [setUp(places), setUp(places)];
    one.come("192.0.2.1");
    one.ended(one.guest(0));
    expect(other.come("192.0.2.1")).toBe("in");
    expect(other.come("192.0.2.2")).toBe("too-many-sessions");
    one.closed(one.guest(0));
    expect(other.come("192.0.2.2")).toBe("in");
  });
});

describe("limit preLogin", () => {
  const half = { ...limits, sessions: 8, sessionsPerClient: 8, preLogin: 50 };

  test("the oldest of the busiest network goes for the one too many, whoever that is", () => {
    const { come } = setUp();
    const told = ["198.51.100.1", "192.0.2.1", "192.0.2.2", "203.0.113.1"].map((address) => come(address, half));
    expect(told).toEqual(["in", "in", "in", "in"]);
    expect(come("203.0.114.1", half)).toBe("in for 1");
  });

  test("those who have logged in are not counted, and count again after REIN", () => {
    const { come, guest, setLoggedIn } = setUp();
    for (let count = 0; count < 4; count += 1) {
      expect(come("192.0.2.1", half)).toBe("in");
      setLoggedIn(guest(count), true);
    }
    for (let count = 0; count < 3; count += 1) expect(come("192.0.2.1", half)).toBe("in");
    setLoggedIn(guest(0), false);
    expect(come("198.51.100.1", half)).toBe("in for 4");
  });
});
