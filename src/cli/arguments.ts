// The command line: argv → what is asked for. It prints nothing and ends nothing; main.ts acts on the answer.
import { Argument, CommanderError, InvalidArgumentError, Command as Parser, Option as ParserOption } from "commander";
import { nearest } from "../config/nearest.ts";
import type { Io } from "../process/io.ts";
import { type Command, type Flags, flagOf, type Operand, type Option, type Options } from "./command.ts";

export type Invocation =
  | {
      readonly kind: "command";
      readonly command: string;
      readonly flags: Flags<Options>;
      readonly operand?: string;
      readonly run: (io: Io) => Promise<number>;
    }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" }
  /** Exit code 2, and `message` on standard error. */
  | { readonly kind: "wrong-usage"; readonly message: string };

/** `argv` without the interpreter and the script; help is wrapped at `columns`. */
export function parseArguments(argv: readonly string[], commands: readonly Command[], columns = 80): Invocation {
  let invocation: Invocation | undefined;
  let printed = "";
  const print = (text: string): void => {
    printed += text;
  };
  const program = build(commands, (asked) => {
    invocation = asked;
  });
  // Sub-commands copied these settings when they were made.
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureHelp({ helpWidth: columns, minWidthToWrap: 20 });
    command.configureOutput({ writeOut: print, writeErr: print, getOutHasColors: () => false });
  }
  try {
    program.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.version") return { kind: "version" };
    if (error.exitCode === 0) return { kind: "help", text: printed };
    return { kind: "wrong-usage", message: printed.replace(/(?<=\n)/, ownersOf(argv, commands)) };
  }
  return invocation ?? { kind: "wrong-usage", message: program.helpInformation() };
}

function build(commands: readonly Command[], ask: (invocation: Invocation) => void): Parser {
  const program = new Parser("ftp-alg")
    .description("A firewall- and NAT-aware FTP gateway.")
    // What is printed is main.ts's; here it only has to be recognised.
    .version("0", "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("after", "\nftp-alg COMMAND --help tells all about a command.");

  for (const command of commands) {
    const { name, operand, options } = command;
    const parser = program.command(name).summary(command.summary).description(paragraphs(command));
    parser.helpOption("-h, --help", "print this help").addHelpText("after", helpBelow(command));
    parser.showHelpAfterError(`(ftp-alg ${name} --help tells more)`);
    if (operand) parser.addArgument(argumentOf(operand));
    for (const [key, option] of Object.entries(options)) parser.addOption(optionOf(key, option));
    parser.action(() => {
      const given = parser.processedArgs[0] as string | undefined;
      const prepared = command.prepare(parser.opts(), { operand: given, commands });
      if ("fault" in prepared) return parser.error(`error: ${prepared.fault}`);
      ask({ kind: "command", command: name, ...prepared, ...(given !== undefined && { operand: given }) });
    });
  }
  program.showHelpAfterError("(ftp-alg --help tells more)");
  return program;
}

function paragraphs({ summary, text }: Command): string {
  const heading = `${summary[0]?.toUpperCase() ?? ""}${summary.slice(1)}.`;
  return [heading, ...text].join("\n\n");
}

function argumentOf({ name, isRequired, what, choices }: Operand): Argument {
  const argument = new Argument(isRequired ? `<${name}>` : `[${name}]`, what);
  return choices ? argument.choices(choices).argParser(oneOf(choices)) : argument;
}

function optionOf(key: string, { value, short, isRepeated, isRequired, what, choices }: Option): ParserOption {
  const names = `${short === undefined ? "" : `-${short}, `}${flagOf(key)}`;
  const flags = value === undefined ? names : `${names} <${value}${isRepeated ? "..." : ""}>`;
  const option = new ParserOption(flags, what).makeOptionMandatory(isRequired ?? false);
  return choices ? option.choices(choices).argParser(oneOf(choices)) : option;
}

function oneOf(choices: readonly string[]): (value: string) => string {
  return (value) => {
    if (choices.includes(value)) return value;
    const meant = nearest(value, choices);
    const hint = meant === undefined ? "" : `\n(Did you mean ${meant}?)`;
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.${hint}`);
  };
}

/** Which commands have the option that stands where a command should; else nothing. */
function ownersOf(argv: readonly string[], commands: readonly Command[]): string {
  const [first = ""] = argv;
  const owners = commands.filter(({ options }) =>
    Object.keys(options).some((key) => flagOf(key) === first.split("=", 1)[0]),
  );
  return owners.length === 0 ? "" : `(It belongs behind a command: ${owners.map(({ name }) => name).join(", ")})\n`;
}

/** Examples and exit codes, under the options. */
function helpBelow({ examples, failure }: Command): string {
  const shown = examples.map(([line, what]) => `  ftp-alg ${line}\n      ${what}\n`).join("");
  const codes = [
    ["0", "done"],
    ...(failure === undefined ? [] : [["1", failure]]),
    ["2", "wrong usage or configuration"],
  ];
  const ends = codes.map(([code, what]) => `  ${code}  ${what}\n`).join("");
  return `\n${examples.length > 0 ? `Examples:\n${shown}\n` : ""}Exit codes:\n${ends}`.trimEnd();
}
