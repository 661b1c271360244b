// Plays the matrix: three lanes, each with labs of its own. Every session is played directly too, in a lab whose edge only
// routes, so that what a client can't do with a server at all is not taken for the gateway's fault.
import { createLab, type Lab } from "./lab.ts";
import { fixedRoute, startGateway, type GatewaySettings, type LabGateway } from "./gateway.ts";
import {
  baselineKey,
  baselineOf,
  cellKey,
  cells,
  families,
  operationsOfBaseline,
  operationsOfCell,
  serverModes,
  type Baseline,
  type Cell,
  type ServerMode,
} from "./matrix.ts";
import type { OperationName } from "./operations.ts";
import { startServer, type Server, type ServerKind } from "./servers/server.ts";
import { play, type SessionResult } from "./session.ts";
import { addresses, type Family } from "./topology.ts";

export type Outcomes = Partial<Record<OperationName, string>>;

export type CellResult = {
  readonly cell: Cell;
  readonly direct: Outcomes;
  readonly outcomes: Outcomes;
  /** Operations that failed once, but fail directly too now and then, and were done again. */
  readonly repeated: readonly OperationName[];
  readonly seconds: number;
  readonly directSeconds: number;
  /** What the client printed and the gateway logged, when something failed that works directly. */
  readonly story: string;
};

/** What works directly and does not work through the gateway. */
export function faults({ direct, outcomes }: Pick<CellResult, "direct" | "outcomes">): OperationName[] {
  return (Object.keys(outcomes) as OperationName[]).filter(
    (operation) => direct[operation] === "ok" && outcomes[operation] !== "ok",
  );
}

/** Most of the time a session waits for something, so that two processors have enough for three. */
const lanes = 3;
/** The longest first, so that no lane is left with one at the end. */
const order: readonly ServerKind[] = ["inetutils ftpd", "Pure-FTPd", "ProFTPD", "pyftpdlib", "vsftpd", "aioftp"];

const ports: Readonly<Record<ServerMode, number>> = { same: 21, passive: 2100, active: 2200 };
const crossingPort = 2300;
const serverSide = (mode: ServerMode) => ({ mode, dataPorts: "51000-51999" });

const portOf = ({ clientFamily, serverFamily, serverMode }: Cell): number =>
  clientFamily === serverFamily ? ports[serverMode] : crossingPort;

function crossingRoute(family: Family): GatewaySettings {
  const other = fixedRoute(family === "IPv4" ? "IPv6" : "IPv4");
  const ownRoute = fixedRoute(family, {}, { listen: crossingPort, server: 21 });
  return { ...ownRoute, name: `crossing-${family}`, route: other["route"], serverSide: serverSide("same") };
}

const gateways: readonly GatewaySettings[] = families.flatMap((family) => [
  ...serverModes.map((mode) =>
    fixedRoute(family, { serverSide: serverSide(mode) }, { listen: ports[mode], server: 21 }),
  ),
  crossingRoute(family),
]);

type Site = { readonly lab: Lab; readonly server: Server };

async function openSite(edge: "open" | "nat", kind: ServerKind): Promise<Site> {
  const lab = await createLab({ edge });
  return { lab, server: await startServer(lab, kind) };
}

/** How often a failure's direct counterpart is played to see whether it fails now and then. */
const doubts = 3;

/** One server: all its cells, one after the other. */
async function playServer(kind: ServerKind, wanted: readonly Cell[], done: (result: CellResult) => void) {
  const labs: Lab[] = [];
  const open = async (edge: "open" | "nat"): Promise<Site> => {
    const site = await openSite(edge, kind);
    labs.push(site.lab);
    return site;
  };
  try {
    const direct = await open("open");
    const behind = await open("nat");
    const options = { log: { level: "trace", format: "json" } };
    const gateway = await startGateway(
      behind.lab,
      gateways.map((settings) => ({ ...settings, timeouts: { linger: "5s" } })),
      options,
    );
    const baselines = new Map<string, SessionResult>();
    for (const cell of wanted) {
      const baseline = baselineOf(cell);
      const key = baselineKey(baseline);
      const known = baselines.get(key) ?? (await playDirectly(direct, baseline, operationsOfBaseline(baseline)));
      baselines.set(key, known);
      done(await compare(cell, known, direct, behind, gateway));
    }
  } finally {
    for (const lab of labs) await lab.remove();
  }
}

function playDirectly({ lab, server }: Site, baseline: Baseline, operations: readonly OperationName[]) {
  const target = { host: addresses.server[baseline.family], port: 21 };
  return play(lab, server, target, baseline.client, baseline.mode, operations);
}

function playThrough({ lab, server }: Site, cell: Cell, operations: readonly OperationName[]) {
  const target = { host: addresses.edgeToClient[cell.clientFamily], port: portOf(cell) };
  return play(lab, server, target, cell.client, cell.mode, operations);
}

async function compare(cell: Cell, baseline: SessionResult, direct: Site, behind: Site, gateway: LabGateway) {
  const operations = operationsOfCell(cell);
  const first = await playThrough(behind, cell, operations);
  const result = {
    cell,
    direct: baseline.outcomes,
    outcomes: first.outcomes,
    repeated: [] as readonly OperationName[],
    seconds: first.seconds,
    directSeconds: baseline.seconds,
    story: "",
  };
  const failed = faults(result);
  if (failed.length === 0) return result;
  const story = `${first.printed}\n--- the gateway:\n${gateway.log().slice(-30_000)}`;
  const repeated = await flakyAmong(failed, cell, direct);
  if (repeated.length === 0) return { ...result, story };
  const again = await playThrough(behind, cell, operations);
  const outcomes: Outcomes = { ...first.outcomes };
  for (const operation of repeated) outcomes[operation] = again.outcomes[operation] ?? "not done";
  return { ...result, outcomes, repeated, story };
}

async function flakyAmong(failed: readonly OperationName[], cell: Cell, direct: Site): Promise<OperationName[]> {
  const baseline = baselineOf(cell);
  const flaky = new Set<OperationName>();
  for (let round = 0; round < doubts; round++) {
    const { outcomes } = await playDirectly(direct, baseline, operationsOfBaseline(baseline));
    for (const operation of failed) if (outcomes[operation] !== "ok") flaky.add(operation);
  }
  return failed.filter((operation) => flaky.has(operation));
}

/** Plays the cells and gives their results by `cellKey`. `finished` hears of each server that is through. */
export async function playMatrix(
  isWanted: (cell: Cell) => boolean,
  finished: (kind: ServerKind, seconds: number) => void = () => {},
): Promise<Map<string, CellResult>> {
  const results = new Map<string, CellResult>();
  const queue = order.map((kind) => ({ kind, wanted: cells.filter((cell) => cell.server === kind && isWanted(cell)) }));
  async function lane(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { kind, wanted } = next;
      if (wanted.length === 0) continue;
      const began = performance.now();
      await playServer(kind, wanted, (result) => results.set(cellKey(result.cell), result));
      finished(kind, (performance.now() - began) / 1000);
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
