// The service as its unit grants it: a user of no rights but the capabilities that stand there.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { obstacleTo, requireNone } from "./availability.ts";
import { grantedByUnit, startGatewayProcess } from "./intercepting-gateway.ts";
import { createLab, labFile, type Lab } from "./lab.ts";
import type { Running } from "./process.ts";
import { startServer, type Server } from "./servers/server.ts";
import { play } from "./session.ts";
import { addresses } from "./topology.ts";

const obstacle = await obstacleTo("vsftpd", "lftp");
beforeEach((context) => requireNone(obstacle, context));

let lab: Lab;
let server: Server;
let gateway: Running;

beforeAll(async () => {
  if (obstacle !== undefined) return;
  lab = await createLab();
  server = await startServer(lab, "vsftpd");
  const { IPv4, IPv6 } = addresses.edgeToClient;
  const gateways = [{ listen: [`${IPv4}:21`, `[${IPv6}]:21`], route: { server: `${addresses.server.IPv4}:21` } }];
  const config = await labFile(lab, "unprivileged.yml", JSON.stringify({ log: { level: "debug" }, gateways }));
  gateway = startGatewayProcess(lab, config, await grantedByUnit());
  await gateway.line(/fd00:1::1.*"listening"/);
}, 60_000);
afterAll(() => lab?.remove());

test("it is another user, and has the capabilities of the unit and no other", async () => {
  const { stdout } = await lab.run("edge", ["cat", `/proc/${gateway.pid}/status`]);
  const status = stdout.toString();
  expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).toBe("65534");
  const bits = { CAP_NET_BIND_SERVICE: 1n << 10n };
  expect(BigInt(`0x${/^CapEff:\s+(\w+)/m.exec(status)?.[1] ?? "0"}`)).toBe(bits.CAP_NET_BIND_SERVICE);
  expect(BigInt(`0x${/^CapBnd:\s+(\w+)/m.exec(status)?.[1] ?? "0"}`)).toBe(bits.CAP_NET_BIND_SERVICE);
});

test.each(["active", "passive"] as const)(
  "port 21 is served, %s, from port 20 where the client listens",
  async (mode) => {
    await writeFile(path.join(server.home, "x"), "x");
    for (const family of ["IPv4", "IPv6"] as const) {
      const target = { host: addresses.edgeToClient[family], port: 21 };
      const { outcomes, printed } = await play(lab, server, target, "lftp", mode, ["list", "download", "upload"]);
      expect(outcomes, `${printed}${gateway.output()}`).toEqual({ list: "ok", download: "ok", upload: "ok" });
    }
    expect(gateway.output()).not.toContain("other source port");
  },
  60_000,
);
