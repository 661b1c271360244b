// `workers`: how many processes serve the configuration together.
import { integerOf, wordOf } from "./json-scalars.ts";
import { scalar } from "./scalars.ts";
import { expected, parseCount, type Setting } from "./settings.ts";

const most = 256;

export const workers = scalar(parseWorkers, { anyOf: [integerOf(1, most), wordOf(["auto"])] });

function parseWorkers(raw: unknown): Setting<number | "auto"> {
  if (raw === "auto") return { value: raw };
  const count = parseCount(raw, { least: 1, most });
  return typeof raw === "number" || "value" in count
    ? count
    : { problem: expected("a number from 1 on, or auto", raw) };
}
