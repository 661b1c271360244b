// Document of a configuration: YAML text → plain values, with the environment's variables in place and every value's line and
// column; or every problem of its syntax.
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parse, parseDocument } from "yaml";
import type { ParsedNode, Range, Scalar } from "yaml";
import type { Position, Problem } from "./config.ts";
import { type Environment, isReference, substitute } from "./environment.ts";
import { formatPath, isUnknownKey, topLevel } from "./problems.ts";

export type ReadDocument = {
  readonly document: unknown;
  /** Variables that are not set. */
  readonly problems: readonly Problem[];
  /** Where a problem is in the text, or where the nearest thing around it begins. */
  readonly positionOf: (problem: Problem) => Position | undefined;
};

/** Where the parser speaks to a programmer. */
const yamlFaults: Readonly<Record<string, string>> = { MULTIPLE_DOCS: "a second document; a configuration is one" };

/** Never throws, whatever the text. Top-level keys that begin with `x-` hold anchors for other places, and are left out. */
export function readDocument(text: string, environment: Environment): ReadDocument | { readonly faults: Problem[] } {
  const lines = new LineCounter();
  try {
    const yaml = parseDocument(text, { prettyErrors: true, merge: true, lineCounter: lines });
    const faults = [...yaml.errors, ...yaml.warnings];
    if (faults.length > 0) return { faults: faultsOf(faults) };
    const walk = createWalk(environment, (offset) => {
      const { line, col } = lines.linePos(offset);
      return { line, column: col };
    });
    if (yaml.contents) walk.visit(yaml.contents, []);
    return { document: withoutExtensions(yaml.toJS()), problems: walk.problems, positionOf: walk.positionOf };
  } catch (error) {
    // Too many aliases, an alias without an anchor, nesting beyond the stack: the parser throws instead of reporting.
    const [sentence = ""] = String(error instanceof Error ? error.message : error).split("\n");
    return { faults: [{ path: topLevel, message: `no usable YAML: ${sentence}` }] };
  }
}

type Fault = ReturnType<typeof parseDocument>["errors"][number] | ReturnType<typeof parseDocument>["warnings"][number];

function faultsOf(faults: readonly Fault[]): Problem[] {
  // A `{` ends a plain value within { }, and the faults behind it are all of that one.
  const bare = faults.find(({ message }) => message.split("\n").slice(1).join("").includes("${"));
  if (bare === undefined) return faults.map((fault) => faultOf(fault, hintOf(fault)));
  return [faultOf(bare, 'within { } and [ ], a value with a variable is quoted: "${NAME}"')];
}

/** `listen: [::]:21` is a list to YAML. */
function hintOf({ message }: Fault): string | undefined {
  const quoted = message.split("\n").slice(1).join("\n");
  const [endpoint] = /\[[0-9a-f:.]*:[0-9a-f:.]*\]:\d+/i.exec(quoted) ?? [];
  return endpoint === undefined || quoted.includes(`"${endpoint}"`)
    ? undefined
    : `an IPv6 endpoint is quoted: "${endpoint}"`;
}

function faultOf({ code, linePos, message }: Fault, sentence?: string): Problem {
  const [start] = linePos ?? [];
  // The first line of a pretty message ends with the position, the rest quotes the text.
  const [first = message] = message.replace(/ at line \d+, column \d+:?/, "").split("\n");
  const text = sentence ?? yamlFaults[code] ?? first;
  if (!start) return { path: topLevel, message: text };
  const at = { line: start.line, column: start.col };
  return { path: `line ${at.line}, column ${at.column}`, message: text, at };
}

function withoutExtensions(document: unknown): unknown {
  if (typeof document !== "object" || document === null || Array.isArray(document)) return document;
  return Object.fromEntries(Object.entries(document).filter(([key]) => !key.startsWith("x-")));
}

/** Visits every node once, aliases not followed: notes where it is, and puts variables in place. */
function createWalk(environment: Environment, positionAt: (offset: number) => Position) {
  const keys = new Map<string, Position>();
  const values = new Map<string, Position>();
  const problems: Problem[] = [];
  const note = (places: Map<string, Position>, path: readonly PropertyKey[], range: Range | null | undefined): void => {
    if (range) places.set(formatPath(path), positionAt(range[0]));
  };

  const resolve = (scalar: Scalar, path: readonly PropertyKey[]): void => {
    const { value: text } = scalar;
    if (typeof text !== "string" || !text.includes("${")) return;
    const replaced = substitute(text, environment);
    if ("problem" in replaced) problems.push({ path: formatPath(path), message: replaced.problem });
    else if (scalar.type === "PLAIN" || isReference(text)) scalar.value = asPlain(replaced.value);
    else scalar.value = replaced.value;
  };

  const visit = (node: ParsedNode | null, path: readonly PropertyKey[]): void => {
    if (node === null) return;
    note(values, path, node.range);
    if (isAlias(node)) return;
    if (isScalar(node)) resolve(node, path);
    else if (isSeq<ParsedNode>(node)) for (const [index, item] of node.items.entries()) visit(item, [...path, index]);
    else if (isMap<ParsedNode, ParsedNode | null>(node)) {
      for (const { key, value } of node.items) {
        const below = [...path, isScalar(key) ? String(key.value) : "?"];
        if (isNode(key)) note(keys, below, key.range);
        visit(value, below);
      }
    }
  };

  const positionOf = (problem: Problem): Position | undefined => {
    const { path, message } = problem;
    const own = isUnknownKey(message) ? keys.get(path) : values.get(path);
    if (own || path === topLevel) return own ?? values.get(topLevel);
    const around = path.replace(/(^|\.)[^.[]*$|\[\d+\]$/, "");
    return positionOf({ path: around === "" || around === path ? topLevel : around, message: "" });
  };
  return { visit, problems, positionOf };
}

/** What a plain scalar is read as: a variable can hold a number or `true`. */
function asPlain(text: string): unknown {
  return /^(?:true|false|[-+]?\d{1,15}|0x[\da-f]{1,12})$/i.test(text) ? parse(text) : text;
}
