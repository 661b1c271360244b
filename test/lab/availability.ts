// What a test file needs of the machine. Where it is not to be had, its tests are skipped with the reason; where CI=true
// promises a complete machine, that is a failure.
import { clientProgram, clients, clientTitle, type ClientName } from "./clients/all.ts";
import type { Client } from "./clients/client.ts";
import { labObstacle } from "./lab.ts";
import { program, titled, type ProgramName } from "./programs.ts";
import { blueprints, type ServerKind } from "./servers/server.ts";

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Why the lab or one of these programs is not to be had; undefined when all are. */
export async function obstacleTo(...names: readonly ProgramName[]): Promise<string | undefined> {
  const lab = await labObstacle();
  if (lab !== undefined) return lab;
  for (const name of names) {
    try {
      await program(name);
    } catch (error) {
      return reasonOf(error);
    }
  }
  return undefined;
}

/** Why one of these programs, that need no lab, is not to be had. */
export async function programObstacle(...names: readonly ProgramName[]): Promise<string | undefined> {
  for (const name of names) {
    const reason = await program(name).then(() => undefined, reasonOf);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

export async function clientObstacle(name: ClientName): Promise<string | undefined> {
  return clientProgram(name).then(() => undefined, reasonOf);
}

/** For a test's context: nothing, a skip, or a failure. */
export function requireNone(obstacle: string | undefined, context: { skip(note: string): unknown }): void {
  if (obstacle === undefined) return;
  if (process.env["CI"] === "true") throw new Error(obstacle);
  context.skip(obstacle);
}

/** Titles for tests: with the version where the program is at hand. */
export const titleOfClient = (name: ClientName): Promise<string> => clientTitle(name).catch(() => name);
export const titleOfServer = (kind: ServerKind): Promise<string> => program(kind).then(titled, () => kind);

/** Everything that the tests of the lab run, fetched beforehand so that no test waits for it. */
export async function fetchEverything(): Promise<void> {
  const names = new Set<ProgramName>([
    ...([
      "nft",
      "conntrack",
      "python3",
      "promtool",
      "logrotate",
      "webalizer",
      "kubectl",
      "keepalived",
      "conntrackd",
      "iptables-restore",
    ] as const),
    ...(Object.keys(blueprints) as ServerKind[]),
  ]);
  for (const client of Object.values<Client>(clients)) if (client.program !== undefined) names.add(client.program);
  // What is missing is said by the tests that need it.
  for (const name of names) await program(name).catch(() => undefined);
}
