import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createUsedPinholes } from "../../../src/dataplane/kernel/used-pinholes.ts";
import type { PinholeElements, PinholeKey } from "../../../src/dataplane/kernel/netlink/pinhole-elements.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const key = (port: number): PinholeKey => ({ peer: "192.168.1.100", local: { address: "192.168.1.1", port } });
const elements: PinholeElements = {
  ...key(50_000),
  mark: 0x46000001,
  to: { address: "10.0.0.5", port: 40_215 },
  from: "10.0.0.1",
  timeoutMs: 60_000,
};

/** What the kernel is asked: ports closed alone, or along with an opening. */
function recording(errno = 0) {
  const asked: string[] = [];
  const ports = (keys: readonly PinholeKey[] = []) => keys.map(({ local }) => local.port).join(" ");
  const used = createUsedPinholes({
    open(_, closed) {
      asked.push(`open, close ${ports(closed)}`);
      return errno;
    },
    close: (keys) => void (keys.length > 0 && asked.push(`close ${ports(keys)}`)),
  });
  return { used, asked };
}

test("used pinholes are removed together, soon after the first", () => {
  const { used, asked } = recording();
  used.add(key(1));
  vi.advanceTimersByTime(19);
  used.add(key(2));
  expect(asked).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(asked).toEqual(["close 1 2"]);
  vi.advanceTimersByTime(1000);
  expect(asked).toHaveLength(1);
});

test("the next pinhole that is opened takes them along, and tells what the kernel says", () => {
  const { used, asked } = recording(23);
  used.add(key(1));
  expect(used.open(elements)).toBe(23);
  expect(used.open(elements)).toBe(23);
  vi.advanceTimersByTime(1000);
  expect(asked).toEqual(["open, close 1", "open, close "]);
});

test("sixteen are enough for one transaction", () => {
  const { used, asked } = recording();
  for (let port = 1; port <= 17; port++) used.add(key(port));
  expect(asked).toEqual(["close 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"]);
  used.clear();
  expect(asked.at(-1)).toBe("close 17");
});
