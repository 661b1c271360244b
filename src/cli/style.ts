// Style: colours and weights of a terminal, and none where text goes elsewhere or the environment wants none.
import type { Io } from "../process/io.ts";

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  reverse: [7, 27],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Look = keyof typeof codes;

/** The text in these looks; it holds none yet. */
export type Paint = (look: Look, text: string) => string;

export const plain: Paint = (_look, text) => text;

export const coloured: Paint = (look, text) => {
  const [on, off] = codes[look];
  return text === "" ? "" : `\u001b[${on}m${text}\u001b[${off}m`;
};

/** By the conventions of no-color.org and of TERM. */
export function paintFor({ columns, env }: Pick<Io, "columns" | "env">): Paint {
  const wantsNone = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  return columns === undefined || wantsNone ? plain : coloured;
}
