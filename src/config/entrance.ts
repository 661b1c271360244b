// Entrance, one item of `listen`: an endpoint, or a mapping that says what is special there.
import type { Entrance } from "../gateway/options.ts";
import { nearest } from "./nearest.ts";
import { expected, parseEntrance, type Setting } from "./settings.ts";

/** `0.0.0.0:21`, `:21`, or `{ endpoint: 0.0.0.0:990, tls: implicit }`: there TLS begins with the first byte. */
export function parseEntranceItem(raw: unknown): Setting<readonly Entrance[]> {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return parseEntrance(raw);
  const { endpoint, tls, ...others } = raw as Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    const meant = nearest(unknown, ["endpoint", "tls"]);
    if (endpoint === undefined && meant === undefined) return parseEntrance(raw);
    return { problem: `unknown key ${unknown}${meant === undefined ? "" : `; did you mean ${meant}?`}` };
  }
  const parsed = parseEntrance(endpoint);
  if ("problem" in parsed) return { problem: `endpoint: ${parsed.problem}` };
  if (tls === undefined) return parsed;
  if (tls !== "implicit") {
    const meant = typeof tls === "string" ? nearest(tls, ["implicit"]) : undefined;
    return { problem: `tls: ${expected("implicit", tls, meant)}` };
  }
  return { value: parsed.value.map((one) => ({ ...one, tls })) };
}
