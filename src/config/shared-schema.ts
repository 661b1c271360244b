// Schema of the section `shared`: where several processes count together.
import { z } from "zod";
import { textOf } from "./json-scalars.ts";
import { duration, scalar } from "./scalars.ts";
import { expected, type Setting } from "./settings.ts";

const form = "a URL such as redis://10.0.0.9:6379/0, rediss:// for TLS";

/** The URL of a Redis or Valkey. What is said of a wrong one does not name its password. */
export function parseRedisUrl(raw: unknown): Setting<string> {
  const shown = typeof raw === "string" ? raw.replace(/:[^:@]*@|:[^/@]+@/, ":***@") : raw;
  const problem = { problem: expected(form, shown) };
  if (typeof raw !== "string" || !/^rediss?:\/\/[!-~]+$/.test(raw) || !URL.canParse(raw)) return problem;
  const { hostname, port, pathname, search, hash, username, password } = new URL(raw);
  const isWhole = hostname !== "" && port !== "0" && /^(?:\/\d{0,5})?$/.test(pathname) && search === "" && hash === "";
  return isWhole && [username, password].every(isDecodable) ? { value: raw } : problem;
}

function isDecodable(text: string): boolean {
  return /^(?:[^%]|%[0-7][0-9a-f])*$/i.test(text);
}

/** Stands before every key. Braces would name the slot of a cluster. */
export function parsePrefix(raw: unknown): Setting<string> {
  const fits = typeof raw === "string" && /^[A-Za-z0-9][A-Za-z0-9._:-]{0,62}$/.test(raw);
  return fits ? { value: raw } : { problem: expected("a word of letters, digits, '.', '_', ':' and '-'", raw) };
}

/** What no login is to wait longer for; a client's patience for its greeting is a few seconds. */
const longestMs = 5000;

export const shared = z.strictObject({
  redis: scalar(parseRedisUrl, textOf("rediss?://[!-~]+", form, "redis://10.0.0.9:6379/0")),
  prefix: scalar(
    parsePrefix,
    textOf("[A-Za-z0-9][A-Za-z0-9._:-]{0,62}", "a word of letters, digits, '.', '_', ':' and '-'", "ftp-alg"),
  ).default("ftp-alg"),
  timeout: duration(1, longestMs).default(50),
});
