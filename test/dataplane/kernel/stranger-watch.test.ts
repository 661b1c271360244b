import { expect, onTestFinished, test, vi } from "vitest";
import type { RefusedConnection } from "../../../src/dataplane/kernel/netlink/refused-connections.ts";
import { createStrangerWatch } from "../../../src/dataplane/kernel/stranger-watch.ts";
import type { Endpoint } from "../../../src/net/endpoint.ts";

const local = { address: "192.0.2.1", port: 50_000 };
const peer = "198.51.100.7";
const stranger = { address: "198.51.100.8", port: 4000 };

function setWatch() {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let refused: RefusedConnection[] = [];
  let looks = 0;
  const watch = createStrangerWatch(
    () => {
      looks += 1;
      return refused;
    },
    () => vi.getMockedSystemTime()?.getTime() ?? 0,
  );
  const told: Endpoint[] = [];
  return {
    ...{ watch, told },
    looks: () => looks,
    knock: (...some: Endpoint[]) => void (refused = some.map((from) => ({ from, to: local, ageMs: 10 }))),
    waits: () => watch.waits(local, peer, (from) => told.push(from)),
    after: (ms: number) => vi.advanceTimersByTime(ms),
  };
}

test("who knocks at a pinhole that waits for somebody else is told within a moment, once", () => {
  const { waits, knock, told, after } = setWatch();
  waits();
  after(100);
  knock(stranger);
  after(1000);
  expect(told).toEqual([stranger]);
  knock(stranger, { ...stranger, port: 4001 });
  after(1000);
  expect(told.map(({ port }) => port)).toEqual([4000, 4001]);
});

test("who has knocked is told before the pinhole is given up", () => {
  const { waits, watch, knock, told, after } = setWatch();
  waits();
  after(100);
  knock(stranger);
  watch.gaveUp(local);
  expect(told).toEqual([stranger]);
});

test("the peer itself, who knocked before the pinhole was there, and who does at another port are no strangers", () => {
  const { waits, watch, knock, told, after } = setWatch();
  waits();
  knock({ address: peer, port: 4000 }, stranger);
  after(5);
  // Both have come 10 ms ago.
  watch.gaveUp(local);
  expect(told).toEqual([]);
  watch.waits({ address: "192.0.2.1", port: 50_001 }, peer, (from) => told.push(from));
  after(1000);
  expect(told).toEqual([]);
});

test("hostile: of many who knock at one pinhole a few are told, and giving up many pinholes asks the kernel seldom", () => {
  const { waits, watch, knock, told, after, looks } = setWatch();
  waits();
  after(100);
  knock(...Array.from({ length: 100 }, (_, port) => ({ ...stranger, port })));
  after(300);
  expect(told.length).toBe(8);
  const before = looks();
  for (let n = 0; n < 50; n += 1) {
    waits();
    watch.gaveUp(local);
  }
  expect(looks() - before).toBeLessThanOrEqual(1);
});

test("where no pinhole waits the kernel is not asked", () => {
  const { waits, watch, after, looks } = setWatch();
  after(1000);
  expect(looks()).toBe(0);
  waits();
  watch.came(local);
  after(5000);
  watch.gaveUp(local);
  expect(looks()).toBe(0);
  waits();
  watch.stop();
  after(5000);
  expect(looks()).toBe(0);
});
