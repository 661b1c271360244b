// Words: numbers, times and the closed unions of words, as people read them on the page.
import type { Hop } from "../../session/diagnosis.ts";

/** Between a number and its unit: never broken, and narrow. */
const gap = "\u202f";

const byteUnits = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Three digits, and the unit: `734 MB`, `1.25 GB`; a kilobyte has 1000 bytes. */
export function bytesText(bytes: number): string {
  let power = 0;
  let value = bytes;
  for (; value >= 999.5 && power < byteUnits.length - 1; power += 1) value /= 1000;
  return `${power === 0 ? Math.round(value) : threeDigits(value)}${gap}${byteUnits[power]}`;
}

export function rateText(bytesPerSecond: number): string {
  return `${bytesText(bytesPerSecond)}/s`;
}

/** `120 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)}${gap}ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)}${gap}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}${gap}s`;
  if (whole < 3600) return twoUnits(whole, 60, "min", "s");
  const minutes = Math.floor(whole / 60);
  if (minutes < 24 * 60) return twoUnits(minutes, 60, "h", "min");
  return twoUnits(Math.floor(minutes / 60), 24, "d", "h");
}

function twoUnits(amount: number, size: number, large: string, small: string): string {
  const rest = amount % size;
  const head = `${Math.floor(amount / size)}${gap}${large}`;
  return rest === 0 ? head : `${head} ${rest}${gap}${small}`;
}

/** `0`, `0.4`, `12`, `1 234`: for rates of things that are counted. */
export function numberText(value: number): string {
  if (value > 0 && value < 9.95 && !Number.isInteger(value)) return value < 0.05 ? "< 0.1" : value.toFixed(1);
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, gap);
}

function threeDigits(value: number): string {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

/** `1 session`, `12 sessions`. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}

/** Of an ISO time in UTC, the time of day, behind the day where that is not the day of `now`. */
export function timeText(iso: string, now: string): string {
  const [day = "", time = ""] = iso.split("T");
  return `${now.startsWith(day) ? "" : `${day} `}${time.slice(0, 8)}`;
}

/** `just now`, `20 s ago`. */
export function agoText(milliseconds: number): string {
  return milliseconds < 1000 ? "just now" : `${durationText(milliseconds).split(" ")[0]} ago`;
}

/** Who connects to whom, and for what. */
export const hopTexts: Readonly<Record<Hop, string>> = {
  "client-control": "client \u2194 gateway, control connection",
  "client-data-in": "client \u2192 gateway, data connection",
  "client-data-out": "gateway \u2192 client, data connection",
  "server-control": "gateway \u2192 server, control connection",
  "server-data-in": "server \u2192 gateway, data connection",
  "server-data-out": "gateway \u2192 server, data connection",
  gateway: "inside the gateway",
};
