// `ftp-alg run`, described.
import type { LogLevel } from "../../config/config.ts";
import type { Slice } from "../../config/slices.ts";
import { defineCommand, type Flags, flagOf } from "../command.ts";
import { configFault, configOperand, configOption } from "../config-file.ts";
import { examineCertificates } from "../../process/certificates.ts";
import type { Subject } from "../../process/handover/handover-path.ts";
import { examineHealthLogins } from "../../process/health-logins.ts";
import { type ConfigSource, formatProblems, loadConfig, withConfig } from "../load-config.ts";

const options = {
  config: configOption,
  listen: { value: "ENDPOINT", isRepeated: true, what: "where clients connect, e.g. 0.0.0.0:2121; without a file" },
  server: { value: "HOST:PORT", what: "the FTP server behind it; without a file" },
  advertise: { value: "ADDRESS", what: "the address that clients are told in 227; without a file" },
  dataPorts: {
    value: "RANGE",
    what: "the ports of data connections on the client side, e.g. 50000-50999; without a file",
  },
  admin: { value: "ENDPOINT", what: "metrics, the API and the page, e.g. 127.0.0.1:9121; without a file" },
  logLevel: {
    value: "LEVEL",
    choices: ["trace", "debug", "info", "warn", "error", "fatal"],
    what: "how much is logged, whatever the file says",
  },
  instance: {
    value: "I/N",
    what: "this is number I, from 0 on, of N processes with this configuration: it takes its part of the data ports, e.g. 0/4",
  },
  replace: {
    what: "take the place of the process that runs this configuration: no client is refused, no transfer cut",
  },
  verbose: { short: "v", what: "the same as --log-level debug" },
  logFormat: {
    value: "FORMAT",
    choices: ["json", "pretty", "journal"],
    what: "how the log is written; without a file",
  },
} as const;

type RunFlags = Flags<typeof options>;
type ConfigFlags = Omit<RunFlags, "logLevel" | "verbose" | "instance" | "replace">;

export const run = defineCommand({
  name: "run",
  summary: "run the gateway, as a file or the flags describe it",
  text: [
    "With --config, the file says everything but what the log's level is to be today. Without, --listen and --server are enough for one gateway in front of one server. " +
      "The log goes to standard output. SIGHUP reads the file again for new sessions; SIGTERM or SIGINT lets running " +
      "transfers end, a second one ends at once. SIGUSR2 starts this program once more, with --replace.",
  ],
  operand: configOperand,
  options,
  examples: [
    ["run --config config.yml", "what a service does"],
    ["run --listen 0.0.0.0:2121 --server 10.0.0.5:21 --advertise 203.0.113.7", "the simple case without a file"],
  ],
  failure: "failed to start or while running",
  fault({ flags, operand }) {
    if (operand !== undefined && flags.config !== undefined) return configFault({ flags, operand, commands: [] });
    const source = sourceOf(withFile(flags, operand));
    return typeof source === "string" ? source : undefined;
  },
  run: async ({ flags, operand }, io) => {
    const source = sourceOf(withFile(flags, operand));
    if (typeof source === "string") throw new Error(source);
    const { runGateway } = await import("../run.ts");
    return withConfig(source, io, async (config) => {
      const certificates = await examineCertificates(config);
      const problems = [...certificates.problems, ...(await examineHealthLogins(config))];
      const { replace: replaces } = flags;
      const subject = subjectOf(source);
      if (problems.length === 0)
        return runGateway(config, io, { reread: () => loadConfig(source, io), subject, replaces });
      io.err(formatProblems(problems));
      return 2;
    });
  },
});

/** By what a process that runs it is found. */
function subjectOf(source: ConfigSource): Subject {
  const instance = source.instance && `${source.instance.index}/${source.instance.of}`;
  return source.kind === "file" ? { file: source.file, instance } : { listen: source.options.listen, instance };
}

/** FILE alone is `--config FILE`. */
function withFile(flags: RunFlags, operand: string | undefined): RunFlags {
  return operand === undefined ? flags : { ...flags, config: operand };
}

/** The source, or why these flags do not go together. */
export function sourceOf({ logLevel, verbose, instance, replace: _, ...flags }: RunFlags): ConfigSource | string {
  if (verbose && logLevel !== undefined) return "--verbose and --log-level: which of them?";
  const slice = instance === undefined ? undefined : instanceOf(instance);
  if (typeof slice === "string") return slice;
  const source = configOf(flags);
  if (typeof source === "string") return source;
  const level = verbose ? "debug" : logLevel;
  // The parser has let one of the levels pass.
  return { ...source, ...(level !== undefined && { logLevel: level as LogLevel }), ...(slice && { instance: slice }) };
}

const mostInstances = 256;

/** `2/4`: the third of four; or what is wrong with it. */
function instanceOf(text: string): Slice | string {
  const [, index = "", of = ""] = /^(\d{1,3})\/(\d{1,3})$/.exec(text) ?? [];
  const slice = { index: Number(index), of: Number(of) };
  if (of !== "" && slice.index < slice.of && slice.of <= mostInstances) return slice;
  return `--instance ${text}: expected a number from 0 on and how many there are (at most ${mostInstances}), such as 0/4`;
}

function configOf({ config, listen, server, ...others }: ConfigFlags): ConfigSource | string {
  const given = Object.entries({ listen, server, ...others }).filter(([, value]) => value !== undefined);
  if (config !== undefined) {
    if (given.length === 0) return { kind: "file", file: config };
    const names = given.map(([key]) => flagOf(key)).join(", ");
    return `--config stands alone: the file says what ${names} would say`;
  }
  if (listen === undefined || server === undefined) {
    const missing =
      listen === undefined && server === undefined ? "" : `; ${listen ? "--server" : "--listen"} is missing`;
    return `run needs either --config, or --listen and --server${missing}`;
  }
  const { advertise, dataPorts, admin, logFormat } = others;
  return {
    kind: "simple",
    options: {
      listen,
      server,
      ...(advertise !== undefined && { advertise }),
      ...(dataPorts !== undefined && { dataPorts }),
      ...(admin !== undefined && { admin }),
      ...(logFormat !== undefined && { logFormat }),
    },
  };
}
