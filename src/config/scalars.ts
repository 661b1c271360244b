// Scalars of the configuration file as zod sees them: the parsers of settings.ts as types of the schema.
import { z } from "zod";
import { durationText, integerOf, type JsonSchema, sizeOf, takenBy, wordOf } from "./json-scalars.ts";
import { nearest } from "./nearest.ts";
import { expected, parseCount, parseDuration, parseSize } from "./settings.ts";
import type { Setting } from "./settings.ts";

/** A scalar with its own parser, whose message says all; `taken` is what an editor is told. */
export function scalar<T>(parse: (raw: unknown) => Setting<T>, taken: JsonSchema = takenBy(parse) ?? {}) {
  const type = z.unknown().transform((raw, context): T => {
    const setting: Setting<T> = raw === undefined ? { problem: "is required" } : parse(raw);
    if ("value" in setting) return setting.value;
    context.addIssue({ code: "custom", message: setting.problem });
    return z.NEVER;
  });
  return type.meta({ ...taken });
}

/** One of a closed set of words. The compiler asks for each word of `T`; their order is that of the message. */
export function choice<T extends string>(words: Readonly<Record<T, true>>, notAvailable: readonly string[] = []) {
  const values = Object.keys(words) as T[];
  const parse = (raw: unknown): Setting<T> => {
    const value = values.find((known) => known === raw);
    if (value !== undefined) return { value };
    if (notAvailable.some((later) => later === raw)) return { problem: `${String(raw)} is not available yet` };
    const meant = typeof raw === "string" ? nearest(raw, values) : undefined;
    return { problem: expected(values.length > 1 ? `one of ${values.join(", ")}` : values.join(), raw, meant) };
  };
  return scalar(parse, wordOf(values));
}

/** A list of values; one value alone is a list of one. `none`: what is said of a list without any. */
export function listOf<T extends z.ZodType>(item: T, none?: string) {
  const list = none === undefined ? z.array(item) : z.array(item).min(1, { error: none });
  return z.union([item.transform((one) => [one]), list], { error: ofTheValue });
}

/** What is wrong with one value that stands for a list of one. */
function ofTheValue(issue: z.core.$ZodRawIssue): string | undefined {
  return issue.code === "invalid_union" ? issue.errors[0]?.[0]?.message : undefined;
}

/** A key that has a meaning in the design and none in this version: refused, never ignored. */
export const notAvailableYet = z
  .custom<never>(() => false, { message: "not available yet" })
  .meta({ not: {}, description: "not available yet" })
  .exactOptional();

// A Node timer holds at most 2^31 − 1 ms.
const longestMs = 24 * 24 * 3_600_000;
export const duration = (leastMs = 1, mostMs = longestMs) =>
  scalar((raw) => parseDuration(raw, { leastMs, mostMs }), durationText);
export const count = (most: number, least = 1) =>
  scalar((raw) => parseCount(raw, { least, most }), integerOf(least, most));
export const size = (least: number, most: number) =>
  scalar((raw) => parseSize(raw, { least, most }), sizeOf(least, most));

/** A mistyped key is one mistake: what is missing for it is no second one. */
export function hasNoUnknownKey({ value, issues }: z.core.ParsePayload): boolean {
  const isMapping = typeof value === "object" && value !== null;
  return isMapping && issues.every(({ code }) => code !== "unrecognized_keys");
}

/** For JSON Schema, which does not know what is refined. */
export function anyKeyOf(keys: readonly string[]): { required: string[] }[] {
  return keys.map((key) => ({ required: [key] }));
}
