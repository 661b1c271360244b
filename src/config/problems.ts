// Problems of a configuration, from what zod found to what the operator reads: one problem per mistake, each with its path
// and a sentence of ours.
import { z } from "zod";
import type { Problem } from "./config.ts";
import { nearest } from "./nearest.ts";
import { expected } from "./settings.ts";
import { nearestBoolean } from "./suggestions.ts";

export const topLevel = "(top level)";

/** `["gateways", 0, "listen"]` → `gateways[0].listen`. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? String(step) : `.${String(step)}`;
  }
  return text === "" ? topLevel : text;
}

const kinds: Readonly<Record<string, string>> = { object: "a mapping", array: "a list", boolean: "true or false" };

/** The error map: our sentence for the issues that have no message of their own. Unknown keys get one line each. */
export function messageOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "unrecognized_keys") {
    const shape: z.core.$ZodShape = issue.inst instanceof z.ZodObject ? issue.inst.shape : {};
    return issue.keys.map((key) => unknownKey(key, shape)).join("\n");
  }
  if (issue.code !== "invalid_type") return undefined;
  if (issue.input === undefined) return "is required";
  const meant = issue.expected === "boolean" ? nearestBoolean(issue.input) : undefined;
  const isEntry = issue.expected === "array" && typeof issue.input === "object" && issue.input !== null;
  const hint = isEntry ? "; each entry of a list begins with -" : "";
  return expected(kinds[issue.expected] ?? issue.expected, issue.input, meant) + hint;
}

export function isUnknownKey(message: string): boolean {
  return message.startsWith("unknown key");
}

function unknownKey(key: string, shape: z.core.$ZodShape): string {
  const meant = nearest(key, Object.keys(shape));
  if (meant !== undefined) return `unknown key; did you mean ${meant}?`;
  const homes = Object.keys(shape).filter((section) => sectionKeys(shape[section]).includes(key));
  return homes.length === 0 ? "unknown key" : `unknown key; it stands in ${homes.join(" or ")}`;
}

/** The keys of a section, whatever it is wrapped in. */
function sectionKeys(type: z.core.$ZodType | undefined): string[] {
  if (type instanceof z.ZodObject) return Object.keys(type.shape);
  const isWrapped = type instanceof z.ZodPrefault || type instanceof z.ZodDefault || type instanceof z.ZodExactOptional;
  return isWrapped ? sectionKeys(type.def.innerType) : [];
}

/** The issues must have been made with `messageOf` and with their input reported. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], above: readonly PropertyKey[] = []): Problem[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      const messages = issue.message.split("\n");
      return issue.keys.map((key, index) => ({ path: formatPath([...path, key]), message: messages[index] ?? "" }));
    }
    // A word or a mapping, a value or a list: the author of a mapping or a list is told what is wrong inside it.
    if (issue.code === "invalid_union" && typeof issue.input === "object" && issue.input !== null) {
      const inside = issue.errors.at(-1);
      const isOfThatKind = inside?.every(({ code, path: place }) => code !== "invalid_type" || place.length > 0);
      if (inside && isOfThatKind) return problemsOf(inside, path);
    }
    return [{ path: formatPath(path), message: issue.message }];
  });
}

/** A mistyped key is one mistake: the key that it was meant to be is not missing besides. */
export function withoutEchoes(problems: readonly Problem[]): Problem[] {
  const meant = problems.flatMap(({ path, message }) => {
    const [, key] = /^unknown key; did you mean (.*)\?$/.exec(message) ?? [];
    return key === undefined ? [] : [path.replace(/[^.\]]*$/, key)];
  });
  return problems.filter(({ path, message }) => message !== "is required" || !meant.includes(path));
}
