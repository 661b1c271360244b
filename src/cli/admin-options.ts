// Options of the commands that talk to the admin listener of a running gateway.
import type { Options } from "./command.ts";

export const adminOptions = {
  admin: { value: "URL", what: "the admin listener of the running gateway; http://127.0.0.1:9121 if left out" },
  tokenFile: { value: "FILE", isFile: true, what: "holds the token, where the admin listener asks for one" },
  json: { what: "print JSON" },
} as const satisfies Options;
