// A data plane that a gateway names and that this machine does not give it: the log, the API, the page and the doctor say which and
// why, and transfers go on by the next plane, which is no failure.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { statusSchema } from "../../src/observe/api/schemas.ts";
import { clientObstacle, obstacleTo, requireNone } from "./availability.ts";
import { fixedRoute } from "./gateway.ts";
import { unprivileged } from "./intercepting-gateway.ts";
import { createLab, labFile, type Lab } from "./lab.ts";
import { startServer, type Server } from "./servers/server.ts";
import { play } from "./session.ts";
import { addresses } from "./topology.ts";

const obstacle = (await obstacleTo("vsftpd", "nft")) ?? (await clientObstacle("curl"));
beforeEach((context) => requireNone(obstacle, context));

const main = path.resolve(import.meta.dirname, "../../src/main.ts");
const admin = "127.0.0.1:9121";

let lab: Lab;
let server: Server;

beforeAll(async () => {
  if (obstacle !== undefined) return;
  lab = await createLab({ edge: "open" });
  server = await startServer(lab, "vsftpd");
  await writeFile(path.join(server.home, "x"), "x");
}, 60_000);
afterAll(() => lab?.remove(), 30_000);

/** `command`: the program, as it is kept from having the plane. */
type Way = {
  readonly title: string;
  readonly command: (program: readonly string[]) => Promise<readonly string[]>;
  readonly why: RegExp;
  readonly carrier: string;
};

const ways: readonly Way[] = [
  {
    title: "the process lacks CAP_NET_ADMIN",
    command: async (program) => unprivileged(["net_bind_service"], program),
    why: /CAP_NET_ADMIN/,
    carrier: "splice",
  },
  {
    title: "nft refuses the table",
    async command(program) {
      const nft = await labFile(
        lab,
        "refusing/nft",
        "#!/bin/sh\necho 'Error: syntax error, unexpected limit' >&2\nexit 1\n",
        0o755,
      );
      return ["env", `PATH=${path.dirname(nft)}:/usr/sbin:/usr/bin:/sbin:/bin`, ...program];
    },
    why: /syntax error, unexpected limit/,
    carrier: "splice",
  },
  {
    title: "koffi is not installed",
    async command(program) {
      const hook = await labFile(
        lab,
        "no-koffi.cjs",
        `const { Module } = require("node:module");
         const load = Module._load;
         Module._load = (name, ...rest) => {
           if (name === "koffi") throw new Error("Cannot find module 'koffi'");
           return load(name, ...rest);
         };`,
      );
      return ["env", `NODE_OPTIONS=--require=${hook}`, ...program];
    },
    why: /koffi/,
    carrier: "relay",
  },
];

test.each(ways)(
  "$title: log, status, page and doctor say so, and transfers go on",
  async ({ title, command, why, carrier }) => {
    const gateways = [fixedRoute("IPv4", { dataPlane: "kernel" })];
    const settings = JSON.stringify({ log: { format: "json" }, admin: { listen: admin }, gateways });
    const config = await labFile(lab, `${title.replaceAll(" ", "-")}.yml`, settings);
    const ask = async (url: string) => (await lab.run("edge", ["curl", "--silent", `http://${admin}${url}`])).stdout;

    const found = await lab.run("edge", await command([process.execPath, main, "doctor", "--config", config]));
    expect(found.status).toBe(1);
    const missing = found.stdout.toString().match(/^missing data plane kernel: .*$/gm) ?? [];
    expect(missing.join("\n")).toMatch(why);

    const gateway = lab.start("edge", await command([process.execPath, main, "run", "--config", config]));
    try {
      await gateway.line(/"msg":"listening"/);
      const warning = await gateway.line(/"level":"warn".*the data plane kernel is not available/);
      expect(warning).toMatch(why);
      expect(warning).toContain("the next one carries instead, and ftp-alg doctor says what this one takes");

      const [status] = statusSchema.parse(JSON.parse((await ask("/api/status")).toString())).gateways;
      expect(status?.missingPlanes).toEqual([{ plane: "kernel", why: expect.stringMatching(why) }]);
      expect((await ask("/")).toString()).toContain("kernel can't be used: ");

      const target = { host: addresses.edgeToClient.IPv4, port: 21 };
      const { outcomes } = await play(lab, server, target, "curl", "passive", ["download"]);
      expect(outcomes).toEqual({ download: "ok" });
      expect(await gateway.line(/"msg":"transfer ended"/)).toContain(`"plane":"${carrier}"`);
      expect(gateway.output()).not.toContain('"msg":"session failed"');
    } finally {
      gateway.kill("SIGTERM");
      await gateway.ended;
    }
  },
  60_000,
);
