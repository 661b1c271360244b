// Configuration file of a command: `--config FILE`, or FILE alone.
import type { Given, Operand, Option } from "./command.ts";

export const configOption = {
  value: "FILE",
  short: "c",
  isFile: true,
  what: "the configuration; - is standard input",
} as const satisfies Option;

export const configOperand = {
  name: "FILE",
  isRequired: false,
  isFile: true,
  what: "the configuration, as with --config",
} as const satisfies Operand;

type GivenFile = Given<{ readonly config: typeof configOption }>;

/** Why it is not one file that was named. */
export function configFault({ flags: { config }, operand }: GivenFile): string | undefined {
  if (config !== undefined && operand !== undefined)
    return "the configuration is named twice: --config FILE, or FILE alone";
  return config === undefined && operand === undefined ? "which configuration? --config FILE" : undefined;
}

/** The file that was named, of whom `configFault` found one. */
export function configFile({ flags: { config }, operand }: GivenFile): string {
  return config ?? operand ?? "";
}
