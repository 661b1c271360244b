// The command line: argv → what is asked for. It prints nothing and ends nothing; main.ts acts on the answer.
import { Command, CommanderError } from "commander";
import type { SimpleOptions } from "../config/from-arguments.ts";

/** Where the configuration of `run` comes from. */
export type ConfigSource =
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "simple"; readonly options: SimpleOptions };

export type Invocation =
  | { readonly command: "run"; readonly source: ConfigSource }
  | { readonly command: "check" | "doctor" | "ruleset"; readonly file: string }
  | { readonly command: "demo"; readonly stay: boolean }
  | { readonly command: "help"; readonly text: string }
  | { readonly command: "version" }
  /** Exit code 2, and `message` on standard error. */
  | { readonly command: "wrong-usage"; readonly message: string };

type RunFlags = { readonly config?: string } & Partial<SimpleOptions>;

/** `argv` without the interpreter and the script. */
export function parseArguments(argv: readonly string[]): Invocation {
  let invocation: Invocation | undefined;
  let printed = "";
  const print = (text: string): void => {
    printed += text;
  };
  const program = build((asked) => {
    invocation = asked;
  });
  // Sub-commands copied these settings when they were made.
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeOut: print, writeErr: print, getOutHasColors: () => false });
  }
  try {
    program.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.version") return { command: "version" };
    if (error.exitCode === 0) return { command: "help", text: printed };
    return { command: "wrong-usage", message: printed };
  }
  return invocation ?? { command: "wrong-usage", message: program.helpInformation() };
}

function build(ask: (invocation: Invocation) => void): Command {
  const program = new Command("ftp-alg")
    .description("A firewall- and NAT-aware FTP gateway.")
    // What is printed is main.ts's; here it only has to be recognised.
    .version("0", "-V, --version", "print the version")
    .helpCommand("help [command]", "print the help of a command")
    .showHelpAfterError("(ftp-alg --help tells more)");

  program
    .command("run")
    .description("run the gateway, as a file or the flags describe it")
    .option("--config <file>", "the configuration")
    .option("--listen <endpoint...>", "where clients connect, e.g. 0.0.0.0:2121; without a file")
    .option("--server <host:port>", "the FTP server behind it; without a file")
    .option("--advertise <address>", "the address clients are told in 227")
    .option("--data-ports <range>", "the ports of data connections on the client side, e.g. 50000-50999")
    .option("--admin <endpoint>", "metrics and health, e.g. 127.0.0.1:9121")
    .option("--log-format <format>", "json or pretty")
    .action((flags: RunFlags, command: Command) => {
      const source = sourceOf(flags);
      if (typeof source === "string") command.error(`error: ${source}`);
      else ask({ command: "run", source });
    });

  const needFile = (name: "check" | "doctor" | "ruleset", description: string): void => {
    program
      .command(name)
      .description(description)
      .requiredOption("--config <file>", "the configuration")
      .action(({ config }: { config: string }) => ask({ command: name, file: config }));
  };
  needFile("check", "print every problem of a configuration");
  needFile("doctor", "print what this machine offers to a configuration, and why not more");
  needFile("ruleset", "print the nftables ruleset that a configuration needs");

  program
    .command("demo")
    .description("show real transfers through a gateway, without configuration or privileges")
    .option("--stay", "leave it running")
    .action(({ stay }: { stay?: true }) => ask({ command: "demo", stay: stay ?? false }));
  return program;
}

/** The source, or why these flags do not go together. */
function sourceOf({ config, listen, server, ...others }: RunFlags): ConfigSource | string {
  if (config !== undefined) {
    const alone = listen === undefined && server === undefined && Object.keys(others).length === 0;
    return alone ? { kind: "file", file: config } : "--config stands alone: the file says all that the other flags say";
  }
  if (listen === undefined || server === undefined) return "run needs either --config, or --listen and --server";
  return { kind: "simple", options: { listen, server, ...others } };
}
