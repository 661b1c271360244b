// `npm run fleet`: a fleet of gateways in virtual time, with the pool that real gateways have: how sessions spread, what a failure brings
// about, how long a drain takes. `--write` puts the tables into deploy/scaling.md.
import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import path from "node:path";
import { root } from "../books.ts";
import type { Balance } from "../../src/gateway/options.ts";
import {
  drain,
  failures,
  spread,
  timeOfChoice,
  type DrainModel,
  type FleetSize,
  type Spread,
} from "./fleet-scenarios.ts";
import { formatTable, replaceSection } from "./markdown.ts";

const usage = `Usage: npm run fleet -- [--small] [--write]

  --small   a hundredth of it, for a look
  --write   the tables go into deploy/scaling.md
`;

const page = path.join(root, "deploy/scaling.md");
const fixed = (value: number, digits = 1): string => value.toFixed(digits);
const whole = (value: number): string => Math.round(value).toLocaleString("en-US").replaceAll(",", " ");
const ofMean = ({ mean, least, p99, most }: Spread): string[] => [
  whole(mean),
  ...[least, p99, most].map((one) => fixed(one, 2)),
];

function spreads(size: FleetSize, standing: { readonly servers: Spread; readonly gateways: Spread }): string {
  const fewer = { ...size, sessions: size.sessions / 10 };
  const few = { ...size, sessions: size.sessions / 50 };
  const rows: (readonly [string, Spread])[] = [
    ["`least-sessions`, sessions at each server", standing.servers],
    ["`least-sessions`, sessions at each gateway", standing.gateways],
    ...(["round-robin", "client-hash"] as Balance[]).map(
      (balance) => [`\`${balance}\`, a tenth of the sessions`, spread(fewer, balance).servers] as const,
    ),
    ["`least-sessions`, a fiftieth of the sessions", spread(few, "least-sessions").servers],
    [
      "the same if all began with the first of their lists",
      spread({ ...few, shuffles: false }, "least-sessions").servers,
    ],
  ];
  return formatTable(
    ["how they spread", "mean", "least", "p99", "most"],
    rows.map(([name, one]) => [name, ...ofMean(one)]),
  );
}

function storms({ storms: all }: ReturnType<typeof failures>): string {
  const head = [
    "failure",
    "sessions lost",
    "outage p50",
    "p99",
    "most",
    "failed attempts",
    "421",
    "logins/s: a gateway",
    "a server",
  ];
  const rows = Object.entries(all).map(([name, one]) => {
    const { p50, p99, most } = one.outageSeconds;
    const seconds = [p50, p99, most].map((value) => `${fixed(value)} s`);
    return [
      name,
      whole(one.lost),
      ...seconds,
      whole(one.failed),
      whole(one.refused),
      whole(one.peakAtGateway),
      whole(one.peakAtServer),
    ];
  });
  return formatTable(head, rows);
}

const drains: readonly (readonly [string, DrainModel])[] = [
  ["files of seconds", { busy: 0.1, medianSeconds: 2, deviation: 1.5, drainSeconds: 300, batch: 0.05 }],
  ["files of minutes", { busy: 0.1, medianSeconds: 60, deviation: 1, drainSeconds: 300, batch: 0.05 }],
  ["the same, `drain: 30m`", { busy: 0.1, medianSeconds: 60, deviation: 1, drainSeconds: 1800, batch: 0.05 }],
];

function drainTable(size: FleetSize): string {
  const head = [
    "a tenth of the sessions transfer",
    "a gateway p50",
    "p99",
    "most",
    "transfers cut",
    "the fleet, a twentieth at once",
  ];
  const rows = drains.map(([name, model]) => {
    const { p50, p99, most, cut, running, allMinutes } = drain(size, model);
    const share = `${fixed((100 * cut) / running, 2)} %`;
    return [name, ...[p50, p99, most].map((value) => `${whole(value)} s`), share, `${whole(allMinutes)} min`];
  });
  return formatTable(head, rows);
}

function choices(): string {
  const rows = [10, 100, 1000, 10_000].map((listed) => {
    const times = (["least-sessions", "client-hash"] as Balance[]).map((balance) => timeOfChoice(listed, balance));
    return [whole(listed), ...times.map((time) => `${fixed(time / 1000, 3)} ms`)];
  });
  return formatTable(["servers in a list", "`least-sessions`", "`client-hash`"], rows);
}

async function main(args: readonly string[]): Promise<number> {
  if (args.some((argument) => !["--small", "--write"].includes(argument))) {
    process.stderr.write(usage);
    return args.includes("--help") ? 0 : 2;
  }
  const began = performance.now();
  const part = args.includes("--small") ? 0.1 : 1;
  const size = { gateways: 1000 * part, servers: 10_000 * part, listed: 100, sessions: 1_000_000 * part ** 2, seed: 1 };
  const failed = failures(size);
  const tables = [spreads(size, failed.filled), storms(failed), drainTable(size), choices()];
  const date = new Date().toISOString().slice(0, 10);
  const line = `${date}: ${whole(size.gateways)} gateways, ${whole(size.servers)} servers, ${whole(size.sessions)} sessions, ${size.listed} servers in the list of each gateway; the time of a choice on ${cpus()[0]?.model.trim()}.`;
  const text = [line, ...tables].join("\n\n");
  process.stdout.write(`${text}\n`);
  process.stderr.write(`${Math.round((performance.now() - began) / 1000)} s\n`);
  if (!args.includes("--write")) return 0;
  const changed = replaceSection(await readFile(page, "utf8"), "fleet", text);
  if (changed === undefined) throw new Error(`${page} has no place for the tables (fleet:begin, fleet:end)`);
  await writeFile(page, changed);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
