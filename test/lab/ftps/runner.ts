// Plays the FTPS matrix: each session directly too, in a lab whose edge only routes, so that what a client can't do with a server
// at all is not taken for the gateway's fault.
import { startIntercepting, type InterceptingGateway } from "../intercepting-gateway.ts";
import { createLab, type Lab } from "../lab.ts";
import type { OperationName } from "../operations.ts";
import type { Security } from "../servers/blueprint.ts";
import { startServer, type Server, type ServerKind } from "../servers/server.ts";
import { play, type SessionResult } from "../session.ts";
import { addresses } from "../topology.ts";
import { labCertificate, type LabCertificate } from "./certificate.ts";
import { operationsOfTlsCell, type TlsCell } from "./cells.ts";

export type TlsResult = {
  readonly cell: TlsCell;
  readonly direct: SessionResult["outcomes"];
  readonly outcomes: SessionResult["outcomes"];
  /** Of those, what failed once, but fails directly too now and then, and was done again. */
  readonly repeated: readonly OperationName[];
  /** What the gateway has logged. */
  readonly gateway: string;
  /** The same, and what the client printed. */
  readonly story: string;
};

/** What works directly and does not work through the gateway, and why. */
export function tlsFaults({ direct, outcomes }: Pick<TlsResult, "direct" | "outcomes">): Record<string, string> {
  const failed = Object.entries(outcomes).filter(
    ([operation, outcome]) => direct[operation as keyof typeof direct] === "ok" && outcome !== "ok",
  );
  return Object.fromEntries(failed);
}

type Site = { readonly lab: Lab; readonly server: Server; readonly certificate: LabCertificate };

const ports: Readonly<Record<Security, number>> = { explicit: 21, implicit: 990 };

async function openSite(edge: "open" | "nat", kind: ServerKind, security: Security): Promise<Site> {
  const lab = await createLab({ edge });
  try {
    const certificate = await labCertificate(lab);
    const tls = { ...certificate, isImplicit: security === "implicit" };
    return { lab, certificate, server: await startServer(lab, kind, { port: ports[security], tls }) };
  } catch (error) {
    await lab.remove();
    throw error;
  }
}

/** On the way of clients that know nothing of it: so their data connections, which only they and the server see, arrive too. */
const startPassing = ({ lab }: Site, security: Security): Promise<InterceptingGateway> =>
  startIntercepting(lab, {
    method: "redirect",
    capabilities: [],
    ports: [ports[security]],
    isImplicit: security === "implicit",
    more: { policy: { tls: "passthrough" } },
  });

function playIn({ lab, server, certificate }: Site, cell: TlsCell): Promise<SessionResult> {
  const { client, security, version } = cell;
  const tls = { security, version, ca: certificate.cert };
  const target = { host: addresses.server.IPv4, port: ports[security], tls };
  return play(lab, server, target, client, "passive", operationsOfTlsCell(cell));
}

/** How often a failure's direct counterpart is played to see whether it fails now and then. */
const doubts = 3;

async function compare(cell: TlsCell, direct: Site, behind: Site): Promise<Omit<TlsResult, "gateway">> {
  const baseline = await playIn(direct, cell);
  const first = await playIn(behind, cell);
  const result = { cell, direct: baseline.outcomes, outcomes: first.outcomes, repeated: [], story: first.printed };
  const failed = Object.keys(tlsFaults(result)) as OperationName[];
  if (failed.length === 0) return result;
  const flaky = new Set<OperationName>();
  for (let round = 0; round < doubts; round += 1) {
    const { outcomes } = await playIn(direct, cell);
    for (const operation of failed) if (outcomes[operation] !== "ok") flaky.add(operation);
  }
  if (flaky.size === 0) return result;
  const again = await playIn(behind, cell);
  const outcomes = { ...first.outcomes };
  for (const operation of flaky) outcomes[operation] = again.outcomes[operation] ?? "not done";
  return { ...result, outcomes, repeated: [...flaky] };
}

/** Cells of one server and one security. */
async function playGroup(cells: readonly TlsCell[], done: (result: TlsResult) => void): Promise<void> {
  const [{ server: kind, security }] = cells as [TlsCell];
  const direct = await openSite("open", kind, security);
  try {
    const behind = await openSite("nat", kind, security);
    try {
      const gateway = await startPassing(behind, security);
      for (const cell of cells) {
        const before = gateway.output().length;
        const result = await compare(cell, direct, behind);
        const log = gateway.output().slice(before);
        done({ ...result, gateway: log, story: `${result.story}\n--- the gateway:\n${log}` });
      }
      await gateway.stop();
    } finally {
      await behind.lab.remove();
    }
  } finally {
    await direct.lab.remove();
  }
}

export async function playTlsMatrix(
  cells: readonly TlsCell[],
  done: (result: TlsResult) => void = () => {},
): Promise<readonly TlsResult[]> {
  const results: TlsResult[] = [];
  const groups = Map.groupBy(cells, ({ server, security }) => `${server} ${security}`);
  for (const group of groups.values()) {
    await playGroup(group, (result) => {
      results.push(result);
      done(result);
    });
  }
  return results;
}
