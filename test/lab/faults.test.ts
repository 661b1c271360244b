// Faults of the way between the peers and the gateway: a peer that falls silent, one that does not read, a cable that delays,
// changes the order, and loses.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { clientObstacle, obstacleTo, requireNone } from "./availability.ts";
import { startGateway, type LabGateway } from "./gateway.ts";
import { createLab, type Lab } from "./lab.ts";
import { startPuppet, type Puppet, type RawConnection } from "./puppet.ts";
import { layRoughCable, roughAddresses } from "./rough-cable.ts";
import { account } from "./servers/blueprint.ts";
import { startServer, type Server } from "./servers/server.ts";
import { addresses, type Place, places } from "./topology.ts";

const obstacle = (await obstacleTo("vsftpd", "nft", "python3")) ?? (await clientObstacle("curl"));
const edge = addresses.edgeToClient.IPv4;

let lab: Lab;
let server: Server;
let client: Puppet;
let gateway: LabGateway;

const entrance = (port: number, to: string, more: object) => ({
  name: `faults-${port}`,
  listen: [`${edge}:${port}`],
  route: { server: `${to}:21` },
  ...more,
});

async function logIn(port: number): Promise<RawConnection> {
  const control = await client.connect(edge, port);
  expect(await control.reply()).toMatch(/^220 /);
  expect(await control.command(`USER ${account.user}`)).toMatch(/^331 /);
  expect(await control.command(`PASS ${account.password}`)).toMatch(/^230 /);
  return control;
}

const load = async (rules: string, place: Place): Promise<void> => {
  expect((await lab.run(place, ["nft", "-f", "-"], { input: rules })).status).toBe(0);
};

/** What the gateways hold, by their own count. */
const held = async () => {
  const { stdout } = await lab.run("edge", ["curl", "--silent", "http://127.0.0.1:9121/metrics"]);
  const sum = (metric: string): number =>
    [...stdout.toString().matchAll(new RegExp(`^ftp_alg_${metric}_active\\{[^}]*\\} (\\d+)$`, "gm"))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    );
  return { sessions: sum("sessions"), pinholes: sum("pinholes") };
};

/** No packet passes between that place and the edge from now on, and nobody is told. */
const fallSilent = async (place: Place) => {
  const interfaceName = place === "client" ? "lan" : "wan";
  const rules = `table inet silence {
    chain in { type filter hook prerouting priority -300; iifname "${interfaceName}" drop; }
    chain out { type filter hook postrouting priority 300; oifname "${interfaceName}" drop; }
  }`;
  await load(rules, "edge");
};

const endsOf = () => gateway.logged("session ended").length;

describe("the way between the peers and the gateway", { timeout: 60_000 }, () => {
  beforeEach((context) => requireNone(obstacle, context));
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createLab({ edge: "open" });
    await layRoughCable(lab, 0.03, 0.03, 0.01);
    server = await startServer(lab, "vsftpd");
    client = await startPuppet(lab, "client");
    const short = { timeouts: { keepalive: "1s", dataStall: "2s", linger: "1s" } };
    gateway = await startGateway(
      lab,
      [
        entrance(21, addresses.server.IPv4, { ...short, dataPlane: "relay" }),
        entrance(2121, roughAddresses.server, { timeouts: { keepalive: "1s" }, dataPlane: "splice" }),
      ],
      { admin: { listen: "127.0.0.1:9121" } },
    );
  }, 60_000);
  afterEach(async () => {
    for (const place of places) await lab?.run(place, ["nft", "delete", "table", "inet", "silence"]);
  });
  afterAll(() => lab?.remove(), 30_000);

  test.each(["client", "server"] as const)(
    "a %s that falls silent while nothing is under way is noticed by keepalive, and its session ends within 25 s",
    async (place) => {
      const before = endsOf();
      await logIn(21);
      // What was said last has been acknowledged: until then TCP repeats it, and sends no keepalive.
      await sleep(500);
      await fallSilent(place);
      await expect.poll(endsOf, { timeout: 25_000, interval: 200 }).toBe(before + 1);
    },
  );

  test("a peer that vanishes with a line unacknowledged is given up after the time of keepalive, and nothing is left (D5.85)", async () => {
    const before = endsOf();
    const [toClient, toServer] = [await logIn(21), await logIn(2121)];
    for (const control of [toClient, toServer]) expect(await control.command("PASV")).toMatch(/^227 /);
    expect(await held()).toEqual({ sessions: 2, pinholes: 2 });
    const { port } = toClient.local;
    const deaf = (rule: string): string =>
      `table inet silence {
        chain in { type filter hook prerouting priority -300; ${rule}; }
      }`;
    // The reply does not reach the one client, the command of the other does not reach its server.
    await load(deaf(`tcp dport ${port} drop`), "client");
    await load(deaf("iifname far drop"), "server");
    for (const control of [toClient, toServer]) control.write("NOOP\r\n");
    await sleep(300);
    await load(deaf(`iifname lan tcp sport ${port} drop; iifname near drop`), "edge");
    const began = performance.now();
    await expect.poll(endsOf, { timeout: 25_000, interval: 100 }).toBe(before + 2);
    expect(performance.now() - began).toBeLessThan(16_000);
    const ended = gateway.logged("session ended").slice(before);
    expect(ended.map(({ reason, detail }) => `${String(reason)} ${String(detail)}`).toSorted()).toEqual([
      "client-gone ETIMEDOUT",
      "server-gone ETIMEDOUT",
    ]);
    expect(await toServer.reply()).toMatch(/^421 /);
    toServer.end();
    await expect.poll(held, { timeout: 5000 }).toEqual({ sessions: 0, pinholes: 0 });
    const { stdout } = await lab.run("edge", ["ss", "-Htan", `( sport = :21 and dport = :${port} ) or dport = :21`]);
    expect(stdout.toString().replaceAll(/^TIME-WAIT.*\n/gm, "")).toBe("");
  });

  test("a client that does not read its file is given up once nothing has moved for the stall time", async () => {
    await writeFile(path.join(server.home, "large.bin"), Buffer.alloc(50_000_000, "never read"), { mode: 0o644 });
    const control = await logIn(21);
    const numbers = (await control.command("PASV")).match(/\d+/g)?.map(Number) ?? [];
    const port = (numbers[5] ?? 0) * 256 + (numbers[6] ?? 0);
    const before = gateway.logged("transfer ended").length;
    const reader = lab.start("client", ["bash", "-c", `exec 3<>/dev/tcp/${edge}/${port}; sleep 30`]);
    control.write("RETR large.bin\r\n");
    expect(await control.reply()).toMatch(/^150 /);
    await expect
      .poll(() => gateway.logged("transfer ended").length, { timeout: 15_000, interval: 200 })
      .toBe(before + 1);
    expect(gateway.logged("transfer ended").at(-1)).toMatchObject({ outcome: "stalled" });
    expect(await control.reply()).toMatch(/^4/);
    expect(await control.command("NOOP")).toMatch(/^200 /);
    reader.kill("SIGKILL");
    control.end();
  });

  test.each(["passive", "active"])(
    "over a cable that delays, changes the order and loses, a %s download and upload are whole",
    async (mode) => {
      const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251));
      await writeFile(path.join(server.home, "down.bin"), content, { mode: 0o644 });
      await writeFile(path.join(lab.folder, "up.bin"), content);
      const url = `ftp://${account.user}:${account.password}@${edge}:2121`;
      const how = [
        "curl",
        "--silent",
        "--show-error",
        "--max-time",
        "25",
        ...(mode === "active" ? ["--ftp-port", "-"] : []),
      ];
      const down = await lab.run("client", [...how, `${url}/down.bin`], { timeoutMs: 30_000 });
      expect(down.stderr.toString()).toBe("");
      expect(down.stdout.equals(content)).toBe(true);
      const up = await lab.run("client", [...how, "--upload-file", "up.bin", `${url}/up.bin`], { timeoutMs: 30_000 });
      expect(up.stderr.toString()).toBe("");
      expect((await readFile(path.join(server.home, "up.bin"))).equals(content)).toBe(true);
    },
  );
});
