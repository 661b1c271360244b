// Keys: what a terminal sends, as the names of the keys that were pressed.

/** The name of a key that has no character, or its character. */
export type Key =
  | "up"
  | "down"
  | "page-up"
  | "page-down"
  | "home"
  | "end"
  | "enter"
  | "escape"
  | "interrupt"
  | (string & {});

const sequences: Readonly<Record<string, Key>> = {
  "\u001b[A": "up",
  "\u001b[B": "down",
  "\u001bOA": "up",
  "\u001bOB": "down",
  "\u001b[5~": "page-up",
  "\u001b[6~": "page-down",
  "\u001b[H": "home",
  "\u001b[F": "end",
  "\u001b[1~": "home",
  "\u001b[4~": "end",
  "\u001b": "escape",
  "\r": "enter",
  "\n": "enter",
  "\u0003": "interrupt",
  "\u0004": "interrupt",
};

const escape = "\u001b";
const pattern = new RegExp(`${escape}(?:\\[[\\d;]*[ -/]*[@-~]|O.)?|[^]`, "g");

/** Sequences that are not known are left out. */
export function readKeys(bytes: string): readonly Key[] {
  const parts = bytes.match(pattern) ?? [];
  return parts.flatMap((part) => sequences[part] ?? (/^[ -~]$/.test(part) ? part : []));
}
