// The bench's command line.
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { planeNames, type PlaneName } from "../../src/dataplane/pinhole.ts";

export const sections = ["idle", "bulk", "parallel", "small", "noop", "logins", "pinhole", "tls"] as const;
export type Section = (typeof sections)[number];
export const planes = planeNames;
export type Plane = PlaneName;
export const peers = ["nf_nat_ftp", "haproxy", "proftpd", "squid", "ftp-proxy", "stunnel"] as const;
export type Peer = (typeof peers)[number];

export type Options = {
  readonly sections: readonly Section[];
  readonly planes: readonly Plane[];
  readonly peers: readonly Peer[];
  readonly rounds: number;
  /** Bytes of one large file. */
  readonly size: number;
  readonly files: number;
  readonly roundTrips: number;
  readonly logins: number;
  readonly sessions: number;
  readonly json: string;
  readonly readme: boolean;
  /** Our gateways are measured with so many workers, besides. */
  readonly workers?: number;
  /** Another checkout, installed, whose gateways are measured beside ours. */
  readonly against?: string;
  /**
   * Each gateway of ours first serves this many logins, small files and NOOPs: a process is dearer in its first thousands. Under TLS
   * it carries one large file each way, too.
   */
  readonly warmUp: number;
  /** Folder for CPU profiles of our gateways. */
  readonly cpuProfile?: string;
};

export const usage = `npm run bench -- [options]

  --only LIST        sections: ${sections.join(",")} (all)
  --planes LIST      our data planes: ${planes.join(",")}, or none (all)
  --peers LIST       ${peers.join(",")}, or none (all)
  --rounds N         each round runs everything once (5)
  --size SIZE        of a large file: 256MiB, 1GiB (1GiB)
  --files N          small files per measurement (1000)
  --round-trips N    commands per measurement (2000)
  --logins N         logins, and handshakes, per measurement (1000)
  --sessions N       idle sessions (2000)
  --warm-up N        logins, small files and NOOPs that our gateways serve before they are measured (0)
  --workers N        our gateways with N workers, beside those that are one process
  --against FOLDER   another checkout of this repository, after npm ci there: its gateways are measured beside ours
  --json FILE        every figure of every round (a new file among the temporary files)
  --readme           put the table into test/README.md
  --cpu-prof FOLDER  write CPU profiles of our gateways
`;

type Parsed = { readonly options: Options } | { readonly problem: string };

class Problem extends Error {}

function oneOf<T extends string>(flag: string, all: readonly T[], given: string | undefined): readonly T[] {
  if (given === undefined || given === "all") return all;
  if (given === "none") return [];
  const names = given.split(",");
  const wrong = names.find((name) => !(all as readonly string[]).includes(name));
  if (wrong !== undefined) throw new Problem(`--${flag}: ${wrong} is none of ${all.join(", ")}`);
  return all.filter((name) => names.includes(name));
}

function count(flag: string, given: string | undefined, otherwise: number, most: number, least = 1): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Problem(`--${flag}: expected ${least} to ${most}`);
  return value;
}

const units: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

function bytes(flag: string, given: string): number {
  const [, digits, unit] = /^(\d{1,6})(KiB|MiB|GiB)$/.exec(given) ?? [];
  const value = Number(digits) * (units[unit ?? ""] ?? Number.NaN);
  // Less than a pipe full is no transfer; more than this takes hours.
  if (!(value >= 1024 ** 2 && value <= 64 * 1024 ** 3)) throw new Problem(`--${flag}: expected 1MiB to 64GiB`);
  return value;
}

/** `now` names the file of the figures. */
export function parseOptions(args: readonly string[], now: Date): Parsed {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: text,
        planes: text,
        peers: text,
        rounds: text,
        size: text,
        files: text,
        "round-trips": text,
        logins: text,
        sessions: text,
        "warm-up": text,
        workers: text,
        against: text,
        json: text,
        readme: { type: "boolean", default: false },
        "cpu-prof": text,
      },
    });
    const stamp = now.toISOString().replaceAll(/[-:]|\..*$/g, "");
    return {
      options: {
        sections: oneOf("only", sections, values.only),
        planes: oneOf("planes", planes, values.planes),
        peers: oneOf("peers", peers, values.peers),
        rounds: count("rounds", values.rounds, 5, 100),
        size: bytes("size", values.size ?? "1GiB"),
        files: count("files", values.files, 1000, 100_000),
        roundTrips: count("round-trips", values["round-trips"], 2000, 1_000_000),
        logins: count("logins", values.logins, 1000, 100_000),
        sessions: count("sessions", values.sessions, 2000, 4000),
        warmUp: count("warm-up", values["warm-up"], 0, 100_000, 0),
        ...(values.workers === undefined ? {} : { workers: count("workers", values.workers, 2, 64, 2) }),
        ...(values.against === undefined ? {} : { against: path.resolve(values.against) }),
        json: path.resolve(values.json ?? path.join(tmpdir(), `ftp-alg-bench-${stamp}.json`)),
        readme: values.readme,
        ...(values["cpu-prof"] === undefined ? {} : { cpuProfile: path.resolve(values["cpu-prof"]) }),
      },
    };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
