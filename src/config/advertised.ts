// Advertised address: a literal one, or where it is found because it changes.
import { z } from "zod";
import type { AddressSource } from "../gateway/options.ts";
import { duration, hasNoUnknownKey, scalar } from "./scalars.ts";
import { parseAdminHost, parseAdvertised, parseFile } from "./settings.ts";

const defaultEveryMs = 30_000;

const source = z
  .strictObject({
    name: scalar(parseAdminHost).exactOptional(),
    every: duration(1000, 24 * 3_600_000).exactOptional(),
    file: scalar(parseFile).exactOptional(),
  })
  .refine(({ name, file }) => (name === undefined) !== (file === undefined), {
    error: "needs exactly one of name, file",
    when: hasNoUnknownKey,
  })
  .refine(({ file, every }) => file === undefined || every === undefined, {
    error: "has no meaning with file, which is read when it changes",
    path: ["every"],
  })
  .transform(({ name, every = defaultEveryMs, file = "" }): AddressSource =>
    name === undefined ? { file } : { name, everyMs: every },
  )
  .meta({ oneOf: [{ required: ["name"] }, { required: ["file"] }] });

/** `203.0.113.7`, `{ name: ftp.example.net, every: 30s }` or `{ file: /run/wan-ip }`. */
export const advertised = z.union([scalar(parseAdvertised), source], {
  error({ input }) {
    if (input === undefined) return "is required";
    const address = parseAdvertised(input);
    return "problem" in address ? address.problem : undefined;
  },
});
