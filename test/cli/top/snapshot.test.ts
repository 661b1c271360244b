import { expect, test } from "vitest";
import { ratesOf, totalsOf } from "../../../src/cli/top/snapshot.ts";
import { gateway, snapshot } from "./answers.ts";

const later = (bytesDown: number, sessions: number) =>
  snapshot(3000, {}, [gateway({ sessions, totals: { ...gateway().totals, bytesDown } })]);

test("rates are what came on top between two answers, by the time between them", () => {
  expect(ratesOf(snapshot(1000), later(9000, 6))).toEqual({ bytesUp: 0, bytesDown: 2000, sessions: 2 });
});

test("there is no rate without an answer before, between two that are one, or across a start of the gateway", () => {
  const none = { bytesUp: 0, bytesDown: 0, sessions: 0 };
  const other = later(0, 0);
  expect(ratesOf(undefined, other)).toEqual(none);
  expect(ratesOf(other, other)).toEqual(none);
  expect(ratesOf(snapshot(1000), { ...other, status: { ...other.status, startedAt: "2026-01-02T00:00:00Z" } })).toEqual(
    none,
  );
  expect(ratesOf(snapshot(1000), other)).toEqual(none);
});

test("totals are those of all gateways", () => {
  expect(totalsOf(snapshot(0, {}, [gateway(), gateway()]).status)).toEqual({
    ...{ bytesUp: 2000, bytesDown: 10_000, sessions: 20, failures: 6, refusals: 2 },
  });
});
