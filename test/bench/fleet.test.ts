// The fleet's simulation, in small: what it takes for granted, and what it says of the real pool.
import { expect, test } from "vitest";
import { createDice, createFleetClock } from "./fleet-clock.ts";
import { drain, failures, spread, spreadOf, timeOfChoice } from "./fleet-scenarios.ts";

const size = { gateways: 20, servers: 200, listed: 100, sessions: 4000, seed: 7 };

test("virtual time lets things happen in the order of their moments, those of one moment as they were asked for", () => {
  const clock = createFleetClock();
  const happened: string[] = [];
  const note = (name: string) => () => void happened.push(`${name} ${clock.now()}`);
  clock.after(200, note("late"));
  clock.after(100, () => {
    note("early")();
    clock.after(50, note("between"));
  });
  clock.after(100, note("beside"));
  clock.runUntil(180);
  expect(happened).toEqual(["early 100", "beside 100", "between 150"]);
  clock.runUntil(1000);
  expect(happened.at(-1)).toBe("late 200");
});

test("the dice are the same for one seed, and even", () => {
  const [one, same, other] = [createDice(1), createDice(1), createDice(2)];
  const thrown = Array.from({ length: 10_000 }, one);
  expect(Array.from({ length: 10_000 }, same)).toEqual(thrown);
  expect(Array.from({ length: 10_000 }, other)).not.toEqual(thrown);
  const tenths = Array.from({ length: 10 }, (_, tenth) => thrown.filter((n) => Math.floor(n * 10) === tenth).length);
  expect(Math.max(...spreadOfAll(tenths))).toBeLessThan(1.15);
});

const spreadOfAll = (counts: readonly number[]): number[] => {
  const { least, p99, most } = spreadOf(counts);
  return [least, p99, most];
};

test("sessions spread over the servers of all lists, and would not if every gateway began with the first of its list", () => {
  const shuffled = spread({ ...size, listed: 200, sessions: 1000 }, "least-sessions").servers;
  const together = spread({ ...size, listed: 200, sessions: 1000, shuffles: false }, "least-sessions").servers;
  expect(shuffled.mean).toBe(5);
  expect(shuffled.most).toBeLessThan(3);
  expect(together.least).toBe(0);
  expect(together.most).toBeGreaterThan(shuffled.most + 0.9);
});

test("each that has lost its session has one again within half a minute of any failure, and nobody reads 421", () => {
  const { filled, storms } = failures(size);
  expect(filled.servers.mean).toBe(20);
  expect(filled.servers.most).toBeLessThan(1.5);
  for (const [name, storm] of Object.entries(storms)) {
    expect(storm.lost, name).toBeGreaterThan(100);
    expect(storm.again, name).toBe(storm.lost);
    expect(storm.refused, name).toBe(0);
    expect(storm.outageSeconds.most, name).toBeLessThan(30);
  }
  // Each gateway finds out by itself, by three sessions at a server that has fallen.
  expect(storms["a twentieth of the servers refuses"].failed).toBeLessThan(20 * 10 * 4 * 3);
});

test("a drain lasts as long as the longest transfer, and cuts what is longer than its time", () => {
  const files = { busy: 0.1, medianSeconds: 60, deviation: 1, batch: 0.5 };
  const short = drain(size, { ...files, drainSeconds: 10 });
  const long = drain(size, { ...files, drainSeconds: 100_000 });
  expect(short.most).toBe(10);
  expect(short.cut).toBeGreaterThan(short.running / 2);
  expect(short.allMinutes).toBeCloseTo(20 / 60);
  expect(long.cut).toBe(0);
  expect(long.most).toBeGreaterThan(long.p50);
});

test("a choice among some servers takes some time", () => {
  expect(timeOfChoice(100, "least-sessions", 20)).toBeGreaterThan(0);
});
