import fc from "fast-check";
import { expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { mostSlices, sliceConfig, slicePorts, sliceProblems, type Slice } from "../../src/config/slices.ts";

function config(gateway = "", rest = ""): Config {
  const parsed = parseConfig(`${rest}
gateways: [{ name: one, listen: "127.0.0.1:0", route: { server: ftp }, ${gateway} }]`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

const slices = (of: number): Slice[] => Array.from({ length: of }, (_, index) => ({ index, of }));

/** A range, and a number of processes that it suffices for. */
const rangeAndCount = fc
  .tuple(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 65_535 }))
  .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }))
  .chain((range) =>
    fc.record({
      range: fc.constant(range),
      of: fc.integer({ min: 1, max: Math.min(256, range.last - range.first + 1) }),
    }),
  );

test("the slices of a range follow each other without a gap, from its first port to its last, and each has a port", () => {
  fc.assert(
    fc.property(rangeAndCount, ({ range, of }) => {
      const parts = slices(of).map((slice) => slicePorts(range, slice));
      expect(parts[0]?.first).toBe(range.first);
      expect(parts.at(-1)?.last).toBe(range.last);
      for (const [index, { first, last }] of parts.entries()) {
        expect(last).toBeGreaterThanOrEqual(first);
        if (index > 0) expect(first).toBe((parts[index - 1]?.last ?? 0) + 1);
      }
      const sizes = parts.map(({ first, last }) => last - first + 1);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

test("what is advertised instead of a slice are the same places of the advertised range", () => {
  const ports = { first: 50_000, last: 50_009, advertised: { first: 30_000, last: 30_009 } };
  expect(slices(3).map((slice) => slicePorts(ports, slice))).toEqual([
    { first: 50_000, last: 50_002, advertised: { first: 30_000, last: 30_002 } },
    { first: 50_003, last: 50_005, advertised: { first: 30_003, last: 30_005 } },
    { first: 50_006, last: 50_009, advertised: { first: 30_006, last: 30_009 } },
  ]);
});

test("each process has a table and a mark of its own, within the mask and never 0", () => {
  const kernel = fc.integer({ min: 1, max: 12 }).chain((bits) => {
    const mask = (0xffffffff << (32 - bits)) >>> 0;
    const values = 2 ** bits - 1;
    const mark = fc.integer({ min: 1, max: values }).map((value) => value * 2 ** (32 - bits));
    return fc.record({
      table: fc.constant("t"),
      mask: fc.constant(mask),
      mark,
      of: fc.integer({ min: 1, max: Math.min(values, 256) }),
    });
  });
  fc.assert(
    fc.property(kernel, ({ of, ...given }) => {
      const parts = slices(of).map((slice) => sliceConfig({ ...config(), kernel: given }, slice).kernel);
      expect(new Set(parts.map(({ table }) => table)).size).toBe(of);
      expect(new Set(parts.map(({ mark }) => mark)).size).toBe(of);
      expect(parts[0]?.mark).toBe(given.mark);
      for (const { mark, mask } of parts)
        expect({ mark, isWithin: (mark & mask) >>> 0 === mark && mark > 0 }).toEqual({ mark, isWithin: true });
    }),
  );
});

test("the configuration of the only process is the configuration", () => {
  const whole = config("clientSide: { dataPorts: 50000-50999 }");
  expect(sliceConfig(whole, { index: 0, of: 1 })).toBe(whole);
});

test("both sides and all gateways are cut; whatever has no range stays as it is", () => {
  const whole = config("clientSide: { dataPorts: 50000-50003 }, serverSide: { dataPorts: 51000-51009 }");
  const { gateways, kernel, ...rest } = sliceConfig(whole, { index: 1, of: 2 });
  expect(gateways[0]?.clientSide.dataPorts).toEqual({ first: 50_002, last: 50_003 });
  expect(gateways[0]?.serverSide.dataPorts).toEqual({ first: 51_005, last: 51_009 });
  expect(kernel).toEqual({ table: "ftp_alg_1", mark: 0x47000000, mask: 0xff000000 });
  expect({ ...rest, kernel: whole.kernel, gateways: whole.gateways }).toEqual(whole);
  expect(sliceConfig(config(), { index: 1, of: 2 }).gateways).toEqual(config().gateways);
});

test("a range of fewer ports than there are processes is a problem with its path, and so is a mask of too few marks", () => {
  const small = config(
    "clientSide: { dataPorts: 50000-50002 }, serverSide: { dataPorts: 51000 }",
    "kernel: { mark: 0x80000000, mask: 0xc0000000 }",
  );
  expect(sliceProblems(small, 4, "workers: 4")).toEqual([
    {
      path: "gateways[0].clientSide.dataPorts",
      message: "50000-50002 has 3 ports, fewer than workers: 4 takes: each process has at least one of its own",
    },
    {
      path: "gateways[0].serverSide.dataPorts",
      message: "51000 has 1 port, fewer than workers: 4 takes: each process has at least one of its own",
    },
    {
      path: "kernel.mask",
      message: "leaves 3 marks, fewer than workers: 4 takes: each process has at least one of its own",
    },
  ]);
  expect(sliceProblems(small, 1, "workers: 1")).toEqual([]);
  expect(mostSlices(small)).toBe(1);
  expect(mostSlices(config("clientSide: { dataPorts: 50000-50002 }"))).toBe(3);
});
