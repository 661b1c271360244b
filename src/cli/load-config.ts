// From a command line's source to a configuration. The only place that reads the file.
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Config, LogLevel, ParsedConfig, Problem } from "../config/config.ts";
import { configFromArguments, type SimpleOptions } from "../config/from-arguments.ts";
import { nearest } from "../config/nearest.ts";
import { locate, parseConfig } from "../config/parse.ts";
import { sliceConfig, sliceProblems, type Slice } from "../config/slices.ts";
import { fileProblem } from "../process/file-problem.ts";
import type { Io } from "../process/io.ts";

/** Where a configuration comes from. */
export type ConfigSource = (
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "simple"; readonly options: SimpleOptions }
) & {
  /** Whatever the configuration says. */
  readonly logLevel?: LogLevel;
  /** One of several processes with that configuration. */
  readonly instance?: Slice;
};

/** A configuration, and where in its file a path of it is. */
export type LoadedConfig = ParsedConfig & { readonly locate?: (problem: Problem) => Problem };

/** A file that can't be read is a problem like any other, under the file's name. The file `-` is standard input. */
export async function loadConfig(source: ConfigSource, io: Pick<Io, "input" | "env">): Promise<LoadedConfig> {
  const loaded = source.kind === "simple" ? configFromArguments(source.options) : await loadFile(source.file, io);
  return loaded.ok ? sliced(withLevel(loaded, source.logLevel), source.instance) : loaded;
}

type Right = Extract<LoadedConfig, { ok: true }>;

function withLevel(loaded: Right, level: LogLevel | undefined): Right {
  if (level === undefined) return loaded;
  const gateways = loaded.config.gateways.map(({ logLevel: _, ...gateway }) => gateway);
  return { ...loaded, config: { ...loaded.config, log: { ...loaded.config.log, level }, gateways } };
}

/** The part of one instance. Problems are of the whole: other instances have them too. */
function sliced(loaded: Right, instance: Slice | undefined): LoadedConfig {
  if (instance === undefined) return loaded;
  const { config, locate: locateProblem = (problem) => problem } = loaded;
  const option = `--instance ${instance.index}/${instance.of}`;
  const twice = { path: "workers", message: `does not go with ${option}: one process, or the workers of one` };
  const problems = config.workers === 1 ? sliceProblems(config, instance.of, option) : [twice];
  if (problems.length > 0) return { ok: false, problems: problems.map(locateProblem) };
  return { ...loaded, config: sliceConfig(config, instance) };
}

async function loadFile(name: string, io: Pick<Io, "input" | "env">): Promise<LoadedConfig> {
  let text: string;
  try {
    text = name === "-" ? await io.input() : await readFile(name, "utf8");
  } catch (error) {
    return { ok: false, problems: [{ path: name, message: await whyUnread(name, error) }] };
  }
  const file = name === "-" ? "<stdin>" : name;
  const inFile = (problem: Problem): Problem => (problem.at ? { ...problem, at: { ...problem.at, file } } : problem);
  const parsed = parseConfig(text, io.env);
  if (!parsed.ok) return { ok: false, problems: parsed.problems.map(inFile) };
  return { ...parsed, locate: (problem) => inFile(locate(problem, text)) };
}

/** With the file that may have been meant, or how else to go on. */
async function whyUnread(name: string, error: unknown): Promise<string> {
  const problem = fileProblem(error);
  if (problem !== "no such file" && problem !== "it is a folder") return problem;
  const folder = problem === "no such file" ? dirname(name) : name;
  const beside = await readdir(folder).catch(() => undefined);
  if (beside === undefined) return `${problem}, and no folder ${folder}`;
  const files = beside.filter((file) => /\.(ya?ml|json)$/.test(file)).toSorted();
  const meant = nearest(basename(name), files) ?? (files.length === 1 ? files[0] : undefined);
  if (meant !== undefined) return `${problem}; did you mean ${join(folder, meant)}?`;
  return `${problem}; ftp-alg run --listen ADDRESS:PORT --server HOST:PORT needs none, and deploy/README.md begins with one`;
}

/** One line each, `path: message`, and where that is in the file. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map((problem) => `${formatProblem(problem)}\n`).join("");
}

export function formatProblem({ path, message, at }: Problem): string {
  return `${path}: ${message}${at ? ` (${at.file ?? "line"}:${at.line}:${at.column})` : ""}`;
}

/** Runs a command on a configuration that is right; else says on standard error what is wrong, and the exit code is 2. */
export async function withConfig(
  source: ConfigSource,
  io: Pick<Io, "err" | "input" | "env">,
  command: (config: Config) => Promise<number>,
): Promise<number> {
  const parsed = await loadConfig(source, io);
  if (parsed.ok) return command(parsed.config);
  io.err(formatProblems(parsed.problems));
  return 2;
}
