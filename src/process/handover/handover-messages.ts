// Hand-over messages: what a running process and the one that takes its place say to each other, one JSON object a line. Each says which
// version of this language it is in.
import { z } from "zod";
import { formatEndpoint, parseEndpoint, type Endpoint } from "../../net/endpoint.ts";

export const handoverVersion = 1;
/** A list of ports is the longest that is said. */
export const longestMessage = 1024 * 1024;
/** Listening sockets that are handed over. */
export const mostSockets = 1024;

export type SocketUse = "control" | "admin";

/** From the process that takes over. */
export type SuccessorMessage =
  | { readonly kind: "request"; readonly release: string }
  /** Everything that can fail has been done. */
  | { readonly kind: "prepared" }
  /** It takes clients. */
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly reason: string };

/** From the one that runs. */
export type PredecessorMessage =
  | { readonly kind: "refused"; readonly reason: string }
  /** Its descriptor comes with it. `wanted`: as it was configured, with port 0 perhaps. */
  | { readonly kind: "socket"; readonly use: SocketUse; readonly wanted: Endpoint; readonly endpoint: Endpoint }
  | { readonly kind: "sockets-end"; readonly release: string; readonly count: number }
  /** The other one may take clients. `ports`: data ports that it must not use. */
  | { readonly kind: "go"; readonly ports: readonly number[] }
  /** It takes no clients any more. */
  | { readonly kind: "draining" }
  | { readonly kind: "released"; readonly ports: readonly number[] };

export type Unreadable =
  | { readonly kind: "other-version"; readonly version: number }
  | { readonly kind: "unreadable"; readonly detail: string };

const release = z.string().max(100);
const reason = z.string().max(10_000);
const endpoint = z
  .string()
  .max(100)
  .transform((text, context): Endpoint => {
    const parsed = parseEndpoint(text);
    if (parsed !== undefined) return parsed;
    context.addIssue("no endpoint");
    return z.NEVER;
  });
const ports = z
  .string()
  .max(longestMessage)
  .transform((text, context): readonly number[] => {
    const parsed = parsePorts(text);
    if (parsed !== undefined) return parsed;
    context.addIssue("no ports");
    return z.NEVER;
  });

const successorSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("request"), release }),
  z.object({ kind: z.literal("prepared") }),
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("failed"), reason }),
]);
const predecessorSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("refused"), reason }),
  z.object({ kind: z.literal("socket"), use: z.enum(["control", "admin"]), wanted: endpoint, endpoint }),
  z.object({ kind: z.literal("sockets-end"), release, count: z.int().min(0).max(mostSockets) }),
  z.object({ kind: z.literal("go"), ports }),
  z.object({ kind: z.literal("draining") }),
  z.object({ kind: z.literal("released"), ports }),
]);

/** A line with its end. `version`: another one for tests alone. */
export function formatMessage(message: SuccessorMessage | PredecessorMessage, version = handoverVersion): string {
  const written = Object.entries(message).map(([key, value]) => [key, key === "ports" ? formatPorts(value) : value]);
  const text = JSON.stringify({ handover: version, ...Object.fromEntries(written) }, (_, value: unknown) =>
    isEndpoint(value) ? formatEndpoint(value) : value,
  );
  return `${text}\n`;
}

export function parseSuccessorMessage(line: string): SuccessorMessage | Unreadable {
  return parse(line, successorSchema);
}

export function parsePredecessorMessage(line: string): PredecessorMessage | Unreadable {
  return parse(line, predecessorSchema);
}

/** Keys that it does not know are passed over; a refusal is read in whatever version it is. */
function parse<T extends { readonly kind: string }>(line: string, schema: z.ZodType<T>): T | Unreadable {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: "unreadable", detail: "it is no JSON" };
  }
  const versioned = z.object({ handover: z.int() }).safeParse(value);
  if (!versioned.success) return { kind: "unreadable", detail: "it names no version" };
  const parsed = schema.safeParse(value);
  const { handover: version } = versioned.data;
  if (version !== handoverVersion && !(parsed.success && parsed.data.kind === "refused")) {
    return { kind: "other-version", version };
  }
  return parsed.success ? parsed.data : { kind: "unreadable", detail: z.prettifyError(parsed.error) };
}

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === "object" && value !== null && "address" in value && "port" in value;
}

/** Ascending ports as `50000-50010,50013`. */
export function formatPorts(list: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const port of list.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && port <= last[1] + 1) last[1] = port;
    else ranges.push([port, port]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** Undefined if it is no ascending list of ports from 1 to 65535. */
export function parsePorts(text: string): readonly number[] | undefined {
  const found: number[] = [];
  if (text === "") return found;
  for (const part of text.split(",")) {
    const [, from = "", to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (from === "" || first <= (found.at(-1) ?? 0) || last < first || last > 65_535) return undefined;
    for (let port = first; port <= last; port += 1) found.push(port);
  }
  return found;
}
