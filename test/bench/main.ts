// `npm run bench`: measures the gateway in each of its data planes, and its peers, against going direct.
import { readFile, writeFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { resultsBook } from "../books.ts";
import { labObstacle } from "../lab/lab.ts";
import { sweep } from "../lab/keeper.ts";
import { candidates } from "./contenders/all.ts";
import { replaceSection } from "./markdown.ts";
import { parseOptions, usage, type Options } from "./options.ts";
import { play } from "./play.ts";
import { formatReport } from "./report.ts";
import { openStage } from "./stage.ts";
import { formatTlsReport } from "./tls-report.ts";

function describeMachine(): string {
  const all = cpus();
  return `${all.length} cores (${all[0]?.model.trim() ?? "unknown"}), Linux ${release()}, Node.js ${process.version}`;
}

function formatSize(bytes: number): string {
  const gibibytes = bytes / 1024 ** 3;
  return gibibytes >= 1 ? `${Number(gibibytes.toFixed(2))} GiB` : `${Number((bytes / 1024 ** 2).toFixed(1))} MiB`;
}

/** What was not measured stays as it is. */
async function writeBook(reports: Readonly<Record<string, string | undefined>>): Promise<void> {
  let text = await readFile(resultsBook, "utf8");
  for (const [mark, report] of Object.entries(reports)) {
    if (report === undefined) continue;
    const changed = replaceSection(text, mark, report);
    if (changed === undefined)
      throw new Error(`${resultsBook} has no place for the table (${mark}:begin, ${mark}:end)`);
    text = changed;
  }
  await writeFile(resultsBook, text);
}

async function bench(options: Options): Promise<void> {
  const began = performance.now();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const date = new Date().toISOString().slice(0, 10);
  const machine = describeMachine();
  await using stage = await openStage();
  const played = await play(stage, candidates(options), options, say);
  const seconds = Math.round((performance.now() - began) / 1000);
  const setting = { date, machine, rounds: options.rounds, size: formatSize(options.size) };
  const reports = { bench: formatReport(played, setting), "bench-tls": formatTlsReport(played, setting) };
  await writeFile(options.json, `${JSON.stringify({ date, machine, seconds, options, ...played }, undefined, 1)}\n`);
  for (const report of Object.values(reports)) if (report !== undefined) process.stdout.write(`${report}\n\n`);
  say(`${seconds} s; every figure in ${options.json}`);
  if (options.readme) await writeBook(reports);
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(usage);
    return 0;
  }
  const parsed = parseOptions(args, new Date());
  if ("problem" in parsed) {
    process.stderr.write(`${parsed.problem}\n\n${usage}`);
    return 2;
  }
  await sweep().catch(() => {});
  const obstacle = await labObstacle();
  if (obstacle !== undefined) {
    process.stderr.write(`${obstacle}\n`);
    return 1;
  }
  await bench(parsed.options);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
