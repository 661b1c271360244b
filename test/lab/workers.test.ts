// A gateway with two workers on a router: real clients, each transfer by the plane that is configured, in whichever worker it comes to.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { clientObstacle, obstacleTo, requireNone } from "./availability.ts";
import { fixedRoute, startGateway } from "./gateway.ts";
import { createLab, type Lab } from "./lab.ts";
import { startServer, type Server } from "./servers/server.ts";
import { play } from "./session.ts";
import { addresses } from "./topology.ts";

const obstacle = (await obstacleTo("vsftpd", "nft")) ?? (await clientObstacle("curl"));
const whole = { list: "ok", download: "ok", upload: "ok" };

let lab: Lab;
let server: Server;

describe("two workers on a router", { timeout: 120_000 }, () => {
  beforeEach((context) => requireNone(obstacle, context));
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createLab({ edge: "open" });
    server = await startServer(lab, "vsftpd");
  }, 60_000);
  afterAll(() => lab?.remove(), 30_000);

  const tables = async (): Promise<string[]> => {
    const { stdout } = await lab.run("edge", ["nft", "list", "tables"]);
    return [...stdout.toString().matchAll(/ftp_alg\w*(?=\n)/g)].map(([name]) => name).toSorted();
  };

  test.each(["kernel", "splice"])(
    "carry by %s, byte for byte, each with ports and tables of its own",
    async (plane) => {
      const gateway = await startGateway(lab, [fixedRoute("IPv4", { dataPlane: plane })], { workers: 2 });
      try {
        if (plane === "kernel") expect(await tables()).toEqual(["ftp_alg_0", "ftp_alg_1"]);
        const workers = () => new Set(gateway.logged("transfer ended").map(({ worker }) => worker));
        const target = { host: addresses.edgeToClient.IPv4, port: 21 };
        for (let round = 0; round < 2 || (workers().size < 2 && round < 12); round += 1) {
          for (const mode of ["active", "passive"] as const) {
            const { outcomes, printed } = await play(lab, server, target, "curl", mode, ["list", "download", "upload"]);
            expect(outcomes, `${printed}\n${gateway.log()}`).toEqual(whole);
          }
        }
        await expect.poll(() => workers().size, { timeout: 5000 }).toBe(2);
        const ended = gateway.logged("transfer ended");
        expect(new Set(ended.map((one) => `${String(one["plane"])} ${String(one["outcome"])}`))).toEqual(
          new Set([`${plane} complete`]),
        );
      } finally {
        expect(await gateway.stop()).toBe(0);
      }
      expect(await tables()).toEqual([]);
    },
  );
});
