// The gateway with its data planes on a router, as a user who may do nothing but what it is given; and what the command
// line says of that router.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { clientObstacle, obstacleTo, requireNone } from "./availability.ts";
import type { ClientName } from "./clients/all.ts";
import type { Mode } from "./clients/client.ts";
import { fixedRoute } from "./gateway.ts";
import { startGatewayProcess } from "./intercepting-gateway.ts";
import { createLab, labFile, type Lab } from "./lab.ts";
import type { Running } from "./process.ts";
import { account } from "./servers/blueprint.ts";
import { startServer, type Server } from "./servers/server.ts";
import { play } from "./session.ts";
import { addresses, type EdgeKind, type Family } from "./topology.ts";

const obstacle =
  (await obstacleTo("vsftpd", "nft")) ?? (await clientObstacle("curl")) ?? (await clientObstacle("lftp"));
const families: readonly Family[] = ["IPv4", "IPv6"];
const modes: readonly Mode[] = ["active", "passive"];
const names: readonly ClientName[] = ["curl", "lftp"];
const main = path.resolve(import.meta.dirname, "../../src/main.ts");

let lab: Lab;
let server: Server;
let configs = 0;

const configFile = (gateways: readonly object[], more: object = {}) =>
  labFile(
    lab,
    `planes-${++configs}.yml`,
    JSON.stringify({ log: { level: "debug", format: "json" }, gateways, ...more }),
  );

const lines = (gateway: Running, message: string) =>
  gateway
    .output()
    .split("\n")
    .filter((line) => line.includes(`"msg":"${message}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** The log is written in batches: its lines once there are that many. */
async function linesOnce(gateway: Running, message: string, count: number) {
  await expect.poll(() => lines(gateway, message).length, { timeout: 5000 }).toBeGreaterThanOrEqual(count);
  return lines(gateway, message);
}

async function withGateway(config: string, capabilities: readonly string[], use: (gateway: Running) => Promise<void>) {
  const gateway = startGatewayProcess(lab, config, capabilities);
  try {
    await gateway.line(/"msg":"listening"/);
    await use(gateway);
  } finally {
    gateway.kill("SIGTERM");
    await gateway.ended;
  }
}

/** A sub-command on the edge, as root. */
const ask = async (...args: string[]) => {
  const { status, stdout } = await lab.run("edge", [process.execPath, main, ...args]);
  return { status, text: stdout.toString() };
};

function inLab(edge: EdgeKind) {
  beforeEach((context) => requireNone(obstacle, context));
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createLab({ edge });
    server = await startServer(lab, "vsftpd");
  }, 60_000);
  afterAll(() => lab?.remove(), 30_000);
}

describe("on a router that forwards everything", { timeout: 60_000 }, () => {
  inLab("open");

  test.each(families)("with CAP_NET_ADMIN every transfer over %s is the kernel's, byte for byte", async (family) => {
    const config = await configFile([fixedRoute(family, { dataPlane: "kernel" })]);
    await withGateway(config, ["net_bind_service", "net_admin"], async (gateway) => {
      const target = { host: addresses.edgeToClient[family], port: 21 };
      for (const name of names) {
        for (const mode of modes) {
          const { outcomes, printed } = await play(lab, server, target, name, mode, ["list", "download", "upload"]);
          expect(outcomes, `${name} ${mode}\n${printed}\n${gateway.output()}`).toEqual({
            list: "ok",
            download: "ok",
            upload: "ok",
          });
        }
      }
      const ended = await linesOnce(gateway, "transfer ended", 12);
      expect(new Set(ended.map(({ plane, outcome }) => `${String(plane)} ${String(outcome)}`))).toEqual(
        new Set(["kernel complete"]),
      );
    });
    const { stdout } = await lab.run("edge", ["nft", "list", "tables"]);
    expect(stdout.toString()).not.toContain("ftp_alg");
  });

  test.each(["kernel", "splice", "relay"])(
    "the bytes of a slow download by %s are in /metrics while it runs",
    async (plane) => {
      const file = path.join(server.home, "slow.bin");
      await writeFile(file, Buffer.alloc(24 * 1024 * 1024, "a part of a file, "), { mode: 0o644 });
      const config = await configFile([fixedRoute("IPv4", { dataPlane: plane })], {
        admin: { listen: "127.0.0.1:9121" },
      });
      await withGateway(config, ["net_bind_service", "net_admin"], async (gateway) => {
        await gateway.line(/"msg":"admin listening"/);
        const scrape = async (metric: string, labels = "") => {
          const { stdout } = await lab.run("edge", ["curl", "--silent", "http://127.0.0.1:9121/metrics"]);
          const line = new RegExp(`^ftp_alg_${metric}\\{gateway="[^"]*",${labels}plane="${plane}"\\} (\\d+)$`, "m");
          return Number(line.exec(stdout.toString())?.[1]);
        };
        const bytes = () => scrape("transfer_bytes_total", 'direction="download",');
        const url = `ftp://${account.user}:${account.password}@${addresses.edgeToClient.IPv4}/slow.bin`;
        const client = lab.start("client", ["curl", "--silent", "--limit-rate", "8M", "--output", "/dev/null", url]);
        await expect.poll(() => scrape("transfers_active"), { timeout: 10_000, interval: 100 }).toBe(1);
        const seen: number[] = [];
        while ((await scrape("transfers_active")) === 1) seen.push(await bytes());
        expect(await client.ended, client.output()).toBe(0);
        const [ended] = await linesOnce(gateway, "transfer ended", 1);
        expect(ended).toMatchObject({ plane, outcome: "complete" });
        expect(await bytes()).toBe(ended?.["bytesDown"]);
        expect(seen).toEqual(seen.toSorted((one, other) => one - other));
        expect(seen.filter((count) => count > 0 && count < Number(ended?.["bytesDown"]))).not.toEqual([]);
      });
    },
  );

  test("without it the gateway says so once, and splice or relay carries", async () => {
    const config = await configFile([fixedRoute("IPv4", { dataPlane: "kernel" })]);
    await withGateway(config, ["net_bind_service"], async (gateway) => {
      const target = { host: addresses.edgeToClient.IPv4, port: 21 };
      const { outcomes } = await play(lab, server, target, "curl", "passive", ["download"]);
      expect(outcomes).toEqual({ download: "ok" });
      expect(gateway.output()).toContain("the data plane kernel is not available: the process may not change nftables");
      const [ended] = await linesOnce(gateway, "transfer ended", 1);
      expect(ended?.["plane"]).not.toBe("kernel");
    });
  });

  test("what converts modes goes to another plane, transfer by transfer, and the log says why", async () => {
    const config = await configFile([
      fixedRoute("IPv4", { serverSide: { mode: "passive", dataPorts: "51000-51999" } }),
    ]);
    await withGateway(config, ["net_bind_service", "net_admin"], async (gateway) => {
      const target = { host: addresses.edgeToClient.IPv4, port: 21 };
      expect((await play(lab, server, target, "curl", "active", ["download"])).outcomes).toEqual({ download: "ok" });
      expect((await play(lab, server, target, "curl", "passive", ["download"])).outcomes).toEqual({ download: "ok" });
      const ended = await linesOnce(gateway, "transfer ended", 2);
      expect(ended.map(({ plane }) => plane)).toEqual(["splice", "kernel"]);
      expect(lines(gateway, "data plane chosen")).toMatchObject([
        { plane: "splice", why: "kernel: both sides are dialled" },
      ]);
    });
  });

  test("the ruleset that is printed is one that nft loads", async () => {
    const config = await configFile([
      fixedRoute("IPv4"),
      { ...fixedRoute("IPv6"), name: "redirected", route: { transparent: { interface: "lan" } } },
    ]);
    const { status, text } = await ask("ruleset", "--config", config);
    expect(status).toBe(0);
    expect((await lab.run("edge", ["nft", "-f", "-"], { input: text })).status).toBe(0);
    const { stdout } = await lab.run("edge", ["nft", "list", "tables"]);
    expect(stdout.toString()).toContain("table inet ftp_alg\ntable inet ftp_alg_redirected");
  });

  test("the doctor finds what is there and what is not", async () => {
    const named = await configFile([fixedRoute("IPv4", { dataPlane: "kernel" })]);
    const found = await ask("doctor", "--config", named);
    expect(found.text).toContain("ok      data plane kernel: available\n");
    expect(found.status).toBe(0);
    await lab.run("edge", [
      "sh",
      "-c",
      "echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/forwarding",
    ]);
    const missed = await ask("doctor", "--config", named);
    expect(missed.text).toContain(
      "missing data plane kernel: this machine forwards nothing: sysctl -w net.ipv4.ip_forward=1\n",
    );
    expect(missed.status).toBe(1);
  });
});

describe("on a router whose firewall drops what it does not know", { timeout: 60_000 }, () => {
  inLab("nat");

  test("auto leaves the kernel plane alone and names the rule that it waits for", async () => {
    const config = await configFile([fixedRoute("IPv4")]);
    await withGateway(config, ["net_bind_service", "net_admin"], async (gateway) => {
      const target = { host: addresses.edgeToClient.IPv4, port: 21 };
      const { outcomes } = await play(lab, server, target, "curl", "active", ["download"]);
      expect(outcomes).toEqual({ download: "ok" });
      expect(gateway.output()).toContain("nft insert rule inet edge forward ct mark & 0xff000000 == 0x46000000 accept");
    });
    const { text } = await ask("doctor", "--config", config);
    expect(text).toMatch(/^note {4}data plane kernel: .*nft insert rule inet edge forward/m);
  });
});
