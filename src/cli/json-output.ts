// JSON output: an answer as programs read it. Peers choose some of the texts: nothing in them acts on a terminal that shows it.
import { escapeUnprintable } from "../observe/unprintable.ts";

/** Indented, with a line end. */
export function formatJson(value: unknown): string {
  const lines = JSON.stringify(value, undefined, 2).split("\n");
  return `${lines.map(escapeUnprintable).join("\n")}\n`;
}
