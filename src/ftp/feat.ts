// Feature line: one line of the body of a FEAT reply (RFC 2389 3.2): ` REST STREAM`.
import { upperCaseAscii } from "./command.ts";

/**
 * The feature that a line names, in upper case; undefined for a blank line. The RFC wants exactly one space before it, but
 * Microsoft sends four, others a tab or none, and some repeat the code (`211-SIZE`).
 */
export function featureOf(line: string): string | undefined {
  const word = /[^ \t]+/.exec(line.replace(/^\d{3}-/, ""))?.[0];
  return word === undefined ? undefined : upperCaseAscii(word);
}
