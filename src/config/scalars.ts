// Scalars of the configuration file as zod sees them: the parsers of settings.ts as types of the schema.
import { z } from "zod";
import { expected, parseCount, parseDuration, parseSize } from "./settings.ts";
import type { Setting } from "./settings.ts";

/** A scalar with its own parser, whose message says all. */
export function scalar<T>(parse: (raw: unknown) => Setting<T>) {
  return z.unknown().transform((raw, context): T => {
    const setting: Setting<T> = raw === undefined ? { problem: "is required" } : parse(raw);
    if ("value" in setting) return setting.value;
    context.addIssue({ code: "custom", message: setting.problem });
    return z.NEVER;
  });
}

/** One of a closed set of words. The compiler asks for each word of `T`; their order is that of the message. */
export function choice<T extends string>(words: Readonly<Record<T, true>>, notAvailable: readonly string[] = []) {
  const values = Object.keys(words) as T[];
  return scalar((raw): Setting<T> => {
    const value = values.find((known) => known === raw);
    if (value !== undefined) return { value };
    if (notAvailable.some((later) => later === raw)) return { problem: `${String(raw)} is not available yet` };
    return { problem: expected(values.length > 1 ? `one of ${values.join(", ")}` : values.join(), raw) };
  });
}

/** A key that has a meaning in the design and none in this version: refused, never ignored. */
export const notAvailableYet = z.custom<never>(() => false, { message: "not available yet" }).exactOptional();

// A Node timer holds at most 2^31 − 1 ms.
const longestMs = 24 * 24 * 3_600_000;
export const duration = (leastMs = 1, mostMs = longestMs) => scalar((raw) => parseDuration(raw, { leastMs, mostMs }));
export const count = (most: number, least = 1) => scalar((raw) => parseCount(raw, { least, most }));
export const size = (least: number, most: number) => scalar((raw) => parseSize(raw, { least, most }));
