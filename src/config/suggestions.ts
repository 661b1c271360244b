// Suggestions: what a wrong value was probably meant to be, as it is written rightly; undefined where nothing is near.
import { parseAddress, parseEndpoint, parsePortNumber } from "../net/endpoint.ts";

const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `sec`, `Minutes`, `hrs` → `s`, `m`, `h`. */
function durationUnit(word: string): string | undefined {
  const names =
    /^(?:(ms|msecs?|milliseconds?|millis)|(s|secs?|seconds?)|(m|mins?|minutes?)|(h|hrs?|hours?)|(d|days?))$/i;
  const found =
    names
      .exec(word)
      ?.slice(1)
      .findIndex((name) => name !== undefined) ?? -1;
  return Object.keys(milliseconds)[found];
}

/** `900` → `900s`, `15 min` → `15m`, `1.5h` → `1h30m`, `1d` → `24h`. */
export function nearestDuration(raw: unknown): string | undefined {
  const text = typeof raw === "number" ? `${raw}s` : typeof raw === "string" ? raw.trim() : "";
  if (text.length > 40 || !/^(?:\d{1,9}(?:\.\d{1,3})?|(?:\d{1,9}(?:\.\d{1,3})?\s*[a-z]+\s*)+)$/i.test(text))
    return undefined;
  let ms = 0;
  for (const [, amount = "", word = ""] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/gi)) {
    const unit = word === "" ? "s" : durationUnit(word);
    if (unit === undefined) return undefined;
    if (`${amount}${word}`.length === text.replaceAll(/\s/g, "").length && /^\d+$/.test(amount) && unit !== "d") {
      return `${amount}${unit}`;
    }
    ms += Number(amount) * (milliseconds[unit] ?? 0);
  }
  return Number.isInteger(ms) && ms > 0 && ms < 1e12 ? inUnits(ms) : undefined;
}

function inUnits(ms: number): string {
  const parts = { h: Math.floor(ms / 3_600_000), m: Math.floor(ms / 60_000) % 60, s: Math.floor(ms / 1000) % 60 };
  const all = Object.entries({ ...parts, ms: ms % 1000 });
  return all.flatMap(([unit, amount]) => (amount === 0 ? [] : [`${amount}${unit}`])).join("");
}

/** `64 kB` → `64KiB`, `1.5M` → `1536KiB`, `1g` → `1024MiB`. */
export function nearestSize(raw: unknown): string | undefined {
  const match =
    typeof raw === "string" ? /^(\d{1,9}(?:\.\d{1,3})?)\s*([kmg]?)(?:i?b|bytes?)?$/i.exec(raw.trim()) : null;
  if (!match) return undefined;
  const [, amount = "", letter = ""] = match;
  const bytes = Number(amount) * 1024 ** ["", "k", "m", "g"].indexOf(letter.toLowerCase());
  if (!Number.isInteger(bytes)) return undefined;
  if (bytes >= 1024 ** 2 && bytes % 1024 ** 2 === 0) return `${bytes / 1024 ** 2}MiB`;
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024}KiB` : String(bytes);
}

/** `"100"` → `100`, `10k` → `10000`, `10_000` → `10000`. */
export function nearestCount(raw: unknown): string | undefined {
  const match = typeof raw === "string" ? /^(\d[\d_,' ]{0,12})(k?)$/i.exec(raw.trim()) : null;
  return match ? `${Number(match[1]?.replaceAll(/\D/g, ""))}${match[2] ? "000" : ""}` : undefined;
}

/** `50`, `"50 %"` → `50%`, `0.5` → `50%`. */
export function nearestPercent(raw: unknown): string | undefined {
  const text = typeof raw === "string" ? raw.replace(/\s*%$/, "") : raw;
  const share = text === "" || typeof text === "object" || typeof text === "boolean" ? Number.NaN : Number(text);
  const percent = Math.round(share < 1 ? share * 100 : share);
  return percent >= 1 && percent <= 100 ? `${percent}%` : undefined;
}

/** `50000:50999`, `50000..50999`, `50000 to 50999`, `[50000, 50999]` → `50000-50999`. */
export function nearestPortRange(raw: unknown): string | undefined {
  const text = Array.isArray(raw) && raw.length === 2 ? raw.join("-") : typeof raw === "string" ? raw.trim() : "";
  const [, first, last] = /^(\d{1,5})\s*(?:[-–—:,/]|\.{2,3}|to)\s*(\d{1,5})$/.exec(text) ?? [];
  return first !== undefined && last !== undefined && raw !== `${first}-${last}` ? `${first}-${last}` : undefined;
}

/** `21`, `*:21`, `::1:21`, `localhost:21`, `0.0.0.0`; `everywhere` stands for all addresses, with `port` where none is said. */
export function nearestListen(raw: unknown, everywhere: string, port: number): string | undefined {
  const text = String(typeof raw === "string" || typeof raw === "number" ? raw : "").replace(/^\w+:\/\/|\/+$/g, "");
  const [, host = "", after] = /^(.*?):?(\d{1,5})$/.exec(text) ?? [];
  const candidates = [
    ...(parsePortNumber(text) || /^(\*|any|all)?:\d+$/.test(text) ? [`${everywhere}:${after}`] : []),
    ...(host === "localhost" ? [`127.0.0.1:${after}`] : []),
    text,
    ...(parseAddress(text) === undefined ? [] : [text.includes(":") ? `[${text}]:${port}` : `${text}:${port}`]),
  ];
  return candidates.find((candidate) => candidate !== raw && (/^:\d/.test(candidate) || parseEndpoint(candidate)));
}

/** `ftp://10.0.0.5/`, `anna@ftp.example.com:21` → the host and the port alone. */
export function nearestServer(raw: unknown): string | undefined {
  if (typeof raw !== "string" || raw.length > 300) return undefined;
  const bare = /^(?:[a-z]+:\/\/)?(?:[^@/]*@)?([^/@\s]+)(?:\/.*)?$/i.exec(raw.trim())?.[1];
  return bare === raw ? undefined : bare;
}

/** `203.0.113.7:21`, `203.0.113.7/24`, `[fd00::1]` → the address alone. */
export function nearestAddress(raw: unknown): string | undefined {
  if (typeof raw !== "string") return undefined;
  const bare = raw
    .trim()
    .replace(/\/\d+$/, "")
    .replace(/^\[(.*)\](?::\d+)?$/, "$1");
  return parseAddress(bare) ?? parseEndpoint(bare)?.address;
}

/** `10.0.0.0/255.0.0.0` → `10.0.0.0/8`, `10.1.*` → `10.1.0.0/16`. */
export function nearestNetwork(raw: unknown): string | undefined {
  if (typeof raw !== "string") return undefined;
  const [, base, mask] = /^([\d.]{7,15})\/([\d.]{7,15})$/.exec(raw.trim()) ?? [];
  if (base !== undefined && mask !== undefined) {
    const bits = mask
      .split(".")
      .map((part) => Number(part).toString(2).padStart(8, "0"))
      .join("");
    return /^1*0*$/.test(bits) && bits.length === 32 && parseAddress(base)
      ? `${base}/${bits.lastIndexOf("1") + 1}`
      : undefined;
  }
  const [, known = ""] = /^((?:\d{1,3}\.){1,3})(?:\*\.?|x\.?)*$/.exec(raw.trim()) ?? [];
  const parts = known.split(".").filter((part) => part !== "");
  const network = [...parts, 0, 0, 0].slice(0, 4).join(".");
  return parts.length > 0 && parseAddress(network) ? `${network}/${parts.length * 8}` : undefined;
}

/** `yes`, `on`, `"true"`, `1` → `true`. */
export function nearestBoolean(raw: unknown): string | undefined {
  const word = typeof raw === "string" || typeof raw === "number" ? String(raw).toLowerCase() : "";
  if (["yes", "y", "on", "true", "1", "enabled"].includes(word)) return "true";
  return ["no", "n", "off", "false", "0", "disabled", "none"].includes(word) ? "false" : undefined;
}
