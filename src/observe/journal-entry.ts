// Journal entry: a line of the log as fields of systemd's journal (systemd.journal-fields(7)), which `journalctl` looks for by name.
import { escapeUnprintable } from "./unprintable.ts";

/** Of syslog(3), by the log's levels. */
const priorities: Readonly<Record<string, number>> = { fatal: 2, error: 3, warn: 4, info: 6, debug: 7, trace: 7 };

/** Of which the journal has its own. */
const notFields = new Set(["level", "time", "msg"]);

/**
 * In the journal's native protocol: `NAME=value` lines. `log`: a line of the log. `message`: the same for people. Each field of the line is
 * one named FTP_ALG_ and its name: `bytesUp` is FTP_ALG_BYTES_UP.
 */
export function journalEntry(log: Readonly<Record<string, unknown>>, message: string): string {
  const fields = Object.entries(log).filter(([name]) => !notFields.has(name));
  const own = fields.map(([name, value]) => `${fieldName(name)}=${fieldValue(value)}\n`);
  const priority = priorities[String(log["level"])] ?? 6;
  return `MESSAGE=${fieldValue(message)}\nPRIORITY=${priority}\nSYSLOG_IDENTIFIER=ftp-alg\n${own.join("")}`;
}

/** Capital letters, digits and underscores, 64 at most. */
function fieldName(name: string): string {
  const words = name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").replace(/\W/g, "_");
  return `FTP_ALG_${words.toUpperCase()}`.slice(0, 64);
}

/** On one line: a peer that could end it would write fields of its own. */
function fieldValue(value: unknown): string {
  return escapeUnprintable(typeof value === "string" ? value : JSON.stringify(value));
}
