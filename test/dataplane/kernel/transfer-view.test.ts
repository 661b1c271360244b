import { describe, expect, test } from "vitest";
import {
  countsOf,
  hasCarriedAll,
  hasDelivered,
  isComplete,
  isEstablished,
  resetBy,
} from "../../../src/dataplane/kernel/transfer-view.ts";
import { parseConnection, sides } from "./nat-play.ts";

const passive = sides.passive.terms;
const active = sides.active.terms;
const of = (text: string) => parseConnection(text.split(" "), "passive");

test("bytes of the opener go up where the client opened, down where the server did; an event without counts has none", () => {
  expect(countsOf(passive, of("ESTABLISHED bytes=1/2"))).toEqual({ bytesUp: 1, bytesDown: 2 });
  expect(countsOf(active, of("ESTABLISHED bytes=1/2"))).toEqual({ bytesUp: 2, bytesDown: 1 });
  expect(countsOf(passive, of("ESTABLISHED"))).toBeUndefined();
  expect(countsOf(passive, undefined)).toBeUndefined();
});

test.each([
  ["SYN_SENT", false],
  ["SYN_RECV", false],
  ["SYN_SENT assured", true],
  ["ESTABLISHED", true],
  ["CLOSE_WAIT", true],
  ["TIME_WAIT", true],
  ["CLOSE", false],
  ["CLOSE assured", true],
])("a connection in %s was established: %s", (text, expected) => {
  expect(isEstablished(of(text))).toBe(expected);
});

test("an RST is told by its flag, the opener's first; without one it is the server's", () => {
  expect(resetBy(passive, of("CLOSE opener-rst"))).toBe("client-reset");
  expect(resetBy(passive, of("CLOSE answerer-rst"))).toBe("server-reset");
  expect(resetBy(active, of("CLOSE opener-rst"))).toBe("server-reset");
  expect(resetBy(active, of("CLOSE answerer-rst"))).toBe("client-reset");
  expect(resetBy(passive, of("CLOSE opener-rst answerer-rst"))).toBe("client-reset");
  expect(resetBy(active, of("CLOSE"))).toBe("server-reset");
});

describe("the server's end is delivered", () => {
  test.each([
    ["ESTABLISHED", false],
    ["CLOSE_WAIT answerer-fin", true],
    ["FIN_WAIT answerer-fin answerer-unacked", false],
    // The client closed first: that is half an end.
    ["CLOSE_WAIT opener-fin", false],
    ["LAST_ACK opener-fin", true],
    ["LAST_ACK opener-fin answerer-unacked", false],
    ["TIME_WAIT", true],
    ["TIME_WAIT answerer-unacked", false],
    ["CLOSE answerer-fin answerer-unacked answerer-rst", true],
    ["CLOSE answerer-fin answerer-unacked opener-rst", false],
    ["CLOSE answerer-unacked answerer-rst", false],
  ])("in %s: %s", (text, expected) => {
    expect(hasDelivered(passive, of(text))).toBe(expected);
  });
});

test("complete are two FINs of which both are acknowledged", () => {
  expect(isComplete(of("TIME_WAIT"))).toBe(true);
  expect(isComplete(of("TIME_WAIT opener-unacked"))).toBe(false);
  expect(isComplete(of("TIME_WAIT answerer-unacked"))).toBe(false);
  expect(isComplete(of("LAST_ACK"))).toBe(false);
});

test("all is carried when the one who has sent more has closed and is acknowledged", () => {
  expect(hasCarriedAll(of("CLOSE_WAIT answerer-fin bytes=100/9000"))).toBe(true);
  expect(hasCarriedAll(of("FIN_WAIT answerer-fin answerer-unacked bytes=100/9000"))).toBe(false);
  expect(hasCarriedAll(of("CLOSE_WAIT opener-fin bytes=100/9000"))).toBe(false);
  expect(hasCarriedAll(of("CLOSE_WAIT opener-fin bytes=9000/100"))).toBe(true);
});
