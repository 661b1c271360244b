// What each scalar of the configuration takes, as JSON Schema says it to an editor: by the parser that reads it. The parser
// decides; a pattern here is never narrower.
import { parseHostPattern } from "./host-pattern.ts";
import {
  parseAdminHost,
  parseFile,
  parseAdvertised,
  parseAllowRule,
  parseCidr,
  parseEntrance,
  parseInterface,
  parseListen,
  parseMark,
  parseMarkMask,
  parseName,
  parsePercent,
  parsePin,
  parsePortRange,
  parseServer,
  parseTable,
  parseTlsName,
  parseUser,
  parseUserPattern,
  parseVerb,
} from "./settings.ts";

export type JsonSchema = { readonly [key: string]: unknown };

/** A value may stand in a variable of the environment, wherever it stands. */
const variable = "\\$\\{";

/** Text of a form. */
export function textOf(form: string, description: string, ...examples: readonly string[]): JsonSchema {
  return { type: "string", pattern: `^(?:${form})$|${variable}`, description, examples };
}

/** A number within bounds; the text of one is a variable. */
export function integerOf(minimum: number, maximum: number): JsonSchema {
  return { type: ["integer", "string"], minimum, maximum, pattern: variable };
}

export const booleanOrVariable: JsonSchema = { type: ["boolean", "string"], pattern: variable };

export function wordOf(words: readonly string[]): JsonSchema {
  return { anyOf: [{ enum: words }, { type: "string", pattern: variable }] };
}

export const durationText = textOf(
  "(?=\\d)(?:\\d{1,9}h)?(?:\\d{1,9}m)?(?:\\d{1,9}s)?(?:\\d{1,9}ms)?",
  "a duration",
  ...["30s", "15m", "1h30m", "250ms"],
);

/** Bytes. */
export function sizeOf(minimum: number, maximum: number): JsonSchema {
  const pattern = `^\\d{1,9}(?:KiB|MiB)?$|${variable}`;
  const description = "a size: bytes, KiB or MiB";
  return { type: ["integer", "string"], minimum, maximum, pattern, description, examples: [4096, "64KiB", "1MiB"] };
}

const octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ipv4 = `(?:${octet}\\.){3}${octet}`;
const ipv6 = "[0-9A-Fa-f]*:[0-9A-Fa-f:.]+(?:%[\\w.~-]+)?";
const port = "(?:6553[0-5]|655[0-2]\\d|65[0-4]\\d\\d|6[0-4]\\d{3}|[0-5]?\\d{1,4})";
// What looks like an IPv4 address is no name.
const name = "(?![\\d.]+(?::|$))[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?";
const endpoint = `(?:${ipv4}|\\[${ipv6}\\]):${port}`;
const network = `(?:${ipv4}(?:/(?:[12]?\\d|3[0-2]))?|${ipv6}(?:/(?:\\d{1,2}|1[01]\\d|12[0-8]))?)`;

const entrance = textOf(
  `${endpoint}|:${port}`,
  "a literal address and a port; a port alone is every address",
  "0.0.0.0:21",
  "[::]:21",
  ":21",
);

const taken = new Map<unknown, JsonSchema>([
  [parseListen, textOf(endpoint, "a literal address and a port", "127.0.0.1:9121", "[::1]:9121")],
  [parseEntrance, entrance],
  [parseAdvertised, textOf(`${ipv4}|${ipv6}`, "a literal address", "203.0.113.7", "2001:db8::7")],
  [parseCidr, textOf(network, "a network or an address", "10.0.0.0/8", "fd00::/8", "192.0.2.5")],
  [
    parsePortRange,
    {
      ...textOf(`\\s*${port}(?:\\s*-\\s*${port})?\\s*`, "a range of ports, or one port", "50000-50999"),
      ...{ type: ["string", "integer"], minimum: 1, maximum: 65_535 },
    },
  ],
  [parsePercent, textOf("\\d{1,2}%|100%", "a share from 1% to 100%", "50%")],
  [parseFile, textOf("[^\\u0000]+", "the path of a file", "/run/ftp-alg/token")],
  [parseTlsName, textOf(`${ipv4}|${ipv6}|${name}`, "the name in a certificate", "ftp.example.com")],
  [parsePin, textOf("sha256/[A-Za-z0-9+/]{43}=", "the SHA-256 of a key's SPKI")],
  [parseAdminHost, textOf(name, "a host name without a port", "gw.example.net")],
  [
    parseServer,
    textOf(
      `(?:${ipv4}|${name}|\\[${ipv6}\\])(?::${port})?|${ipv6}`,
      "a host and a port; port 21 if left out",
      ...["10.0.0.5:21", "ftp.example.com", "[fd00::5]:2121"],
    ),
  ],
  [
    parseAllowRule,
    textOf(
      `\\*|(?:\\*\\.)?${name}|${network}`,
      "a host name, a pattern of names, a network, or * for anybody",
      ...["*.example.com", "10.0.0.0/8", "*"],
    ),
  ],
  [
    parseVerb,
    textOf("(?:[Ss][Ii][Tt][Ee] )?[A-Za-z][A-Za-z0-9]{2,11}", "the verb of a command", "SITE", "DELE", "SITE CHMOD"),
  ],
  [
    parseHostPattern,
    textOf(
      `(?:\\*\\.)?${name}|${ipv4}|${ipv6}`,
      "a host name, or a pattern of names",
      "ftp.example.com",
      "*.example.com",
    ),
  ],
  [
    parseUserPattern,
    textOf("(?! )[ -Z\\\\^-z|~]{1,255}", "the name of a user; * is any characters, ? is one", "alice", "backup-*"),
  ],
  [parseUser, textOf("(?! )[ -~]{1,255}", "the name of a user", "anonymous")],
  [parseInterface, textOf("[A-Za-z0-9][A-Za-z0-9._@-]{0,14}", "the name of a network interface", "eth0")],
  [
    parseName,
    {
      ...textOf("[A-Za-z0-9][A-Za-z0-9._-]{0,62}", "a word of letters, digits, '.', '_' and '-'", "public"),
      ...{ type: ["string", "integer"], minimum: 0 },
    },
  ],
  [parseTable, textOf("[A-Za-z][A-Za-z0-9_]{0,30}", "a word of letters, digits and '_'", "ftp_alg")],
  [parseMark, { ...integerOf(1, 0xffffffff), description: "the value of a connection mark, such as 0x46000000" }],
  [parseMarkMask, { ...integerOf(0x80000000, 0xffffffff), description: "1 to 12 topmost bits, such as 0xff000000" }],
]);

/** What is known of the scalar that the parser reads. */
export function takenBy(parse: unknown): JsonSchema | undefined {
  return taken.get(parse);
}
