// Host pattern: a host by its name, or all below a domain.
import { parseAddress } from "../net/endpoint.ts";
import { parseHostName, setting, type Setting } from "./settings.ts";

/** `ftp.example.com`, `*.example.com`, or a literal address. */
export function parseHostPattern(raw: unknown): Setting<string> {
  const [, wildcard = "", rest = ""] = /^(\*\.)?(.*)$/.exec(typeof raw === "string" ? raw : "") ?? [];
  const host = parseHostName(rest) ?? (wildcard === "" ? parseAddress(rest) : undefined);
  return setting(
    host && wildcard + host,
    "a host name such as ftp.example.com, or a pattern such as *.example.com",
    raw,
  );
}
