import { expect, test, vi } from "vitest";
import { createTokenAttempts, mostWrong } from "../../src/process/token-attempts.ts";

function setUp() {
  const lines: unknown[] = [];
  const attempts = createTokenAttempts({ warn: (...line: unknown[]) => void lines.push(line) });
  const many = async (address: string, count: number) => {
    for (let time = 0; time < count; time += 1) await attempts.judge(address, false);
  };
  return { lines, many, judge: attempts.judge };
}

test("attack: after ten wrong tokens in a minute no more of that address are looked at, be they right, and others' are", async () => {
  const { many, judge } = setUp();
  await many("192.0.2.1", mostWrong - 1);
  expect(await judge("192.0.2.1", true)).toBe("right");
  expect(await judge("192.0.2.1", false)).toBe("wrong");
  for (const isRight of [false, true]) expect(await judge("192.0.2.1", isRight)).toBe("too-many");
  expect(await judge("::ffff:192.0.2.1", true)).toBe("too-many");
  expect(await judge("192.0.2.2", true)).toBe("right");
});

test("attack: an IPv6 client counts by its /64", async () => {
  const { many, judge } = setUp();
  for (let host = 1; host <= mostWrong; host += 1) await many(`2001:db8::${host}`, 1);
  expect(await judge("2001:db8::ffff", true)).toBe("too-many");
  expect(await judge("2001:db8:0:1::1", true)).toBe("right");
});

test("attack: a local user who guesses keeps nobody with the right token out, whose address on loopback is the same", async () => {
  for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
    const { many, judge } = setUp();
    await many(address, mostWrong);
    expect([await judge(address, false), await judge(address, true)]).toEqual(["too-many", "right"]);
  }
});

test("a minute later tokens are looked at again", async () => {
  vi.useFakeTimers();
  try {
    const { many, judge } = setUp();
    await many("192.0.2.1", mostWrong + 5);
    vi.advanceTimersByTime(59_000);
    expect(await judge("192.0.2.1", true)).toBe("too-many");
    vi.advanceTimersByTime(2000);
    expect(await judge("192.0.2.1", true)).toBe("right");
  } finally {
    vi.useRealTimers();
  }
});

test("attack: wrong tokens are logged, a thousand of them as one line at once and one a minute later with their count", async () => {
  vi.useFakeTimers();
  try {
    const { many, lines } = setUp();
    await many("192.0.2.1", 1000);
    expect(lines).toEqual([[{ client: "192.0.2.1" }, "wrong admin token"]]);
    vi.advanceTimersByTime(60_000);
    expect(lines.slice(1)).toEqual([[{ client: "192.0.2.1", count: 999 }, "wrong admin token"]]);
  } finally {
    vi.useRealTimers();
  }
});
