// The case that the gateway is for: real clients behind a masquerading, default-dropping edge, and vsftpd outside.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { clientObstacle, obstacleTo, requireNone, titleOfClient, titleOfServer } from "./availability.ts";
import type { ClientName } from "./clients/all.ts";
import type { Mode } from "./clients/client.ts";
import { fixedRoute, loginRoute, startGateway, type LabGateway } from "./gateway.ts";
import { createLab, type Lab } from "./lab.ts";
import type { OperationName } from "./operations.ts";
import { account } from "./servers/blueprint.ts";
import { startServer, type Server } from "./servers/server.ts";
import { offered, play, type SessionResult, type Target } from "./session.ts";
import { addresses, type Family } from "./topology.ts";

const names: readonly ClientName[] = ["curl", "lftp", "inetutils ftp", "tnftp", "Python ftplib"];
const families: readonly Family[] = ["IPv4", "IPv6"];
/** Whatever needs a data connection. */
const withData: readonly OperationName[] = ["list", "download", "upload"];
const loginPort = 2121;

const obstacle = await obstacleTo("vsftpd");
const vsftpdTitle = await titleOfServer("vsftpd");
const clients = await Promise.all(
  names.map(async (name) => ({ name, title: await titleOfClient(name), obstacle: await clientObstacle(name) })),
);

let lab: Lab;
let server: Server;
let gateway: LabGateway;

beforeEach((context) => requireNone(obstacle, context));

beforeAll(async () => {
  if (obstacle !== undefined) return;
  lab = await createLab();
  server = await startServer(lab, "vsftpd");
  gateway = await startGateway(
    lab,
    families.flatMap((family) => [fixedRoute(family), loginRoute(family, loginPort)]),
  );
}, 60_000);

afterAll(async () => {
  await lab?.remove();
}, 30_000);

const direct = (family: Family): Target => ({ host: addresses.server[family], port: 21 });
const fixed = (family: Family): Target => ({ host: addresses.edgeToClient[family], port: 21 });
const login = (family: Family): Target => ({
  host: addresses.edgeToClient[family],
  port: loginPort,
  user: `${account.user}@${family === "IPv6" ? `[${addresses.server[family]}]` : addresses.server[family]}`,
});

const session = (
  name: ClientName,
  mode: Mode,
  target: Target,
  operations: readonly OperationName[],
  timeoutMs?: number,
): Promise<SessionResult> => play(lab, server, target, name, mode, operations, timeoutMs);

/** What the client saw and what the gateway logged stand in the failure's message. */
function expectAll({ outcomes, printed }: SessionResult, name: ClientName, wanted: readonly OperationName[]): void {
  const expected = Object.fromEntries(
    offered(name)
      .filter((one) => wanted.includes(one))
      .map((one) => [one, "ok"]),
  );
  expect(outcomes, `${printed}\n--- gateway:\n${gateway.log().slice(-4000)}`).toEqual(expected);
}

for (const family of families) {
  describe(`${family} through a masquerading, default-dropping edge`, () => {
    for (const { name, title, obstacle: missing } of clients) {
      describe(`${title} and ${vsftpdTitle}`, () => {
        beforeEach((context) => requireNone(missing, context));

        test("active: no data connection is made without the gateway", async () => {
          const { outcomes, printed } = await session(name, "active", direct(family), withData, 6000);
          // The control connection comes from the edge, and the address in PORT is another. (tnftp tries LPRT in the end.)
          expect(printed).toMatch(/500 (Illegal (PORT|EPRT)|Unknown) command/);
          for (const operation of withData) expect(outcomes[operation], printed).not.toBe("ok");
        }, 60_000);

        test("active: everything is done through the gateway, byte for byte", async () => {
          const all = offered(name);
          expectAll(await session(name, "active", fixed(family), all), name, all);
        }, 60_000);

        test("active: a login as user@host reaches that host", async () => {
          expectAll(await session(name, "active", login(family), withData), name, withData);
        }, 60_000);

        test("passive: everything is done without the gateway", async () => {
          const all = offered(name);
          expectAll(await session(name, "passive", direct(family), all), name, all);
        }, 60_000);

        test("passive: everything is done through the gateway, byte for byte", async () => {
          const all = offered(name);
          expectAll(await session(name, "passive", fixed(family), all), name, all);
        }, 60_000);

        test("passive: a login as user@host reaches that host", async () => {
          expectAll(await session(name, "passive", login(family), withData), name, withData);
        }, 60_000);
      });
    }
  });
}

describe("the edge", () => {
  test("drops the data connection of active FTP even where the server dials the address behind the NAT", async () => {
    const before = await lab.droppedPackets();
    const lenient = await startServer(lab, "vsftpd", { port: 2021, foreignPorts: true });
    try {
      const target = { host: addresses.server.IPv4, port: 2021 };
      const { outcomes, printed } = await play(lab, lenient, target, "Python ftplib", "active", ["download"]);
      expect(outcomes.download, printed).not.toBe("ok");
      expect(await lab.droppedPackets()).toBeGreaterThan(before);
    } finally {
      await lenient.stop();
    }
  }, 60_000);
});
