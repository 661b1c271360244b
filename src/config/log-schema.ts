// Schema of the section `log`, and of a level wherever one stands.
import { z } from "zod";
import type { LogFormat, LogLevel, TransferLogFormat } from "./config.ts";
import { choice, listOf, scalar } from "./scalars.ts";
import { parseCidr, parseFile } from "./settings.ts";

export const logLevel = choice<LogLevel>({
  trace: true,
  debug: true,
  info: true,
  warn: true,
  error: true,
  fatal: true,
});

export const log = z.strictObject({
  level: logLevel.default("info"),
  format: choice<LogFormat>({ json: true, pretty: true, journal: true }).default("json"),
  debugFor: listOf(scalar(parseCidr)).default([]),
  file: scalar(parseFile).exactOptional(),
  transfers: z
    .strictObject({
      file: scalar(parseFile),
      format: choice<TransferLogFormat>({ xferlog: true, json: true }).default("json"),
    })
    .exactOptional(),
});
