// Command: a sub-command as a description. Parsing, `--help`, completion and the manual page all come from it; what it does is
// imported when it is asked for.
import type { Io } from "../process/io.ts";

/** What a value is, for the shell's completion: a file, one of some words, or anything. */
type Values = { readonly choices?: readonly string[]; readonly isFile?: true };

/** An option, under its key: `dataPorts` is `--data-ports`. Without `value` it is a switch. */
export type Option = Values & {
  /** What its value is called: `FILE` in `--config FILE`. */
  readonly value?: string;
  readonly short?: string;
  /** May be given several times, or with several values. */
  readonly isRepeated?: true;
  readonly isRequired?: true;
  /** A phrase in lower case without a full stop. */
  readonly what: string;
};

export type Options = Readonly<Record<string, Option>>;

/** What stands on the command line without an option before it, such as the FILE of `check FILE`. */
export type Operand = Values & { readonly name: string; readonly isRequired: boolean; readonly what: string };

/** What was given. A switch is true or false, all else is text as it was typed, or undefined. */
export type Flags<O extends Options> = {
  readonly [Key in keyof O]: O[Key] extends { readonly value: string }
    ? (O[Key] extends { readonly isRepeated: true } ? readonly string[] : string) | Absent<O[Key]>
    : boolean;
};

type Absent<One> = One extends { readonly isRequired: true } ? never : undefined;

export type Given<O extends Options = Options> = {
  readonly flags: Flags<O>;
  readonly operand: string | undefined;
  /** All commands, for those that describe them. */
  readonly commands: readonly Command[];
};

export type Description<O extends Options> = {
  readonly name: string;
  /** One line in lower case without a full stop. */
  readonly summary: string;
  /** Paragraphs: whole sentences that suffice to use the command. */
  readonly text: readonly string[];
  readonly operand?: Operand;
  readonly options: O;
  /** Command lines without `ftp-alg`, each with what it is for. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** What 1 means here, where the command can end with it. */
  readonly failure?: string;
  /** Why these do not go together: wrong usage, exit code 2. */
  readonly fault?: (given: Given<O>) => string | undefined;
  /** Returns the exit code. Here the command imports what it needs. */
  readonly run: (given: Given<O>, io: Io) => Promise<number>;
};

export type Command = Omit<Description<Options>, "fault" | "run"> & {
  /** Checks what the parser took from the command line: what is wrong with it, or the command ready to run. */
  readonly prepare: (raw: Readonly<Record<string, unknown>>, given: Omit<Given, "flags">) => Prepared;
};

export type Prepared =
  | { readonly fault: string }
  | { readonly flags: Flags<Options>; readonly run: (io: Io) => Promise<number> };

/** Makes a command from its description; within it, flags have the types that the options say. */
export function defineCommand<const O extends Options>({ fault, run, ...description }: Description<O>): Command {
  return {
    ...description,
    prepare(raw, given) {
      const entries = Object.entries<Option>(description.options).map(([key, option]) => {
        const value = raw[key];
        return [key, option.value === undefined ? value === true : value];
      });
      const flags = Object.fromEntries(entries) as Flags<O>;
      const problem = fault?.({ ...given, flags });
      if (problem !== undefined) return { fault: problem };
      return { flags, run: (io) => run({ ...given, flags }, io) };
    },
  };
}

/** `dataPorts` → `--data-ports`. */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
