// Real clients and real servers with the gateway between them, behind a NAT: what works directly works through it, in every
// mode of either side. The whole matrix is played beforehand, in lanes side by side; each test looks at one of its sessions.
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { clientObstacle, obstacleTo, requireNone, titleOfClient, titleOfServer } from "./availability.ts";
import { clearClientNames, type ClientName } from "./clients/all.ts";
import { cellKey, cells, cellTitle } from "./matrix.ts";
import { keepResults } from "./matrix-results.ts";
import { faults, playMatrix, type CellResult } from "./matrix-runner.ts";
import { serverKinds, type ServerKind } from "./servers/server.ts";

const longestMs = 20 * 60_000;

const lookUp = async <T extends string>(
  names: readonly T[],
  title: (name: T) => Promise<string>,
  obstacle: (name: T) => Promise<string | undefined>,
) => {
  const found = await Promise.all(
    names.map(async (name) => [name, { title: await title(name), obstacle: await obstacle(name) }] as const),
  );
  return new Map(found);
};

const labObstacle = await obstacleTo("nft");
const clients = await lookUp<ClientName>(clearClientNames, titleOfClient, clientObstacle);
const servers = await lookUp<ServerKind>(serverKinds, titleOfServer, (kind) => obstacleTo(kind));

const missing = (client: ClientName, server: ServerKind): string | undefined =>
  labObstacle ?? clients.get(client)?.obstacle ?? servers.get(server)?.obstacle;

let results: ReadonlyMap<string, CellResult> = new Map();

beforeAll(async () => {
  if (labObstacle !== undefined) return;
  const began = performance.now();
  results = await playMatrix(({ client, server }) => missing(client, server) === undefined);
  await keepResults(results.values(), (performance.now() - began) / 1000);
}, longestMs);

for (const server of serverKinds) {
  describe(servers.get(server)?.title ?? server, () => {
    for (const client of clearClientNames) {
      const own = cells.filter((cell) => cell.server === server && cell.client === client);
      if (own.length === 0) continue;
      describe(`does with ${clients.get(client)?.title ?? client} through the gateway what it does directly`, () => {
        beforeEach((context) => requireNone(missing(client, server), context));

        for (const cell of own) {
          test(cellTitle(cell), () => {
            const result = results.get(cellKey(cell));
            if (result === undefined) throw new Error("not played");
            const broken = faults(result).map((operation) => [operation, result.outcomes[operation]]);
            expect(Object.fromEntries(broken), result.story).toEqual({});
            expect(Object.keys(result.outcomes).length).toBeGreaterThan(0);
          });
        }
      });
    }
  });
}
