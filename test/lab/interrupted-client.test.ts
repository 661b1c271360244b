// A person presses Ctrl-C in the middle of a long transfer: the client says ABOR in its own way (D3.49, D3.50), and goes on
// in the same session.
import { rm, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { clientObstacle, obstacleTo, requireNone, titleOfClient, titleOfServer } from "./availability.ts";
import { clientProgram, type ClientName } from "./clients/all.ts";
import { fixedRoute, startGateway, type LabGateway } from "./gateway.ts";
import { createLab, type Lab } from "./lab.ts";
import { account } from "./servers/blueprint.ts";
import { startServer, type Server, type ServerKind } from "./servers/server.ts";
import { addresses } from "./topology.ts";

const kinds = ["vsftpd", "ProFTPD", "Pure-FTPd"] as const satisfies readonly ServerKind[];
const names = ["lftp", "inetutils ftp", "tnftp"] as const satisfies readonly ClientName[];
const obstacle = await obstacleTo(...kinds, ...names);
const servers = await Promise.all(kinds.map(async (kind) => [await titleOfServer(kind), kind] as const));
const clients = await Promise.all(
  names.map(async (name) => ({ name, title: await titleOfClient(name), missing: await clientObstacle(name) })),
);

type Transfer = "download" | "upload";

const host = addresses.edgeToClient.IPv4;

const lftpScript = {
  begin: (transfer: Transfer) => [
    "debug 5",
    "set cmd:interactive yes",
    "set xfer:clobber yes",
    "set ftp:ssl-allow no",
    `open -u ${account.user},${account.password} ${host}`,
    transfer === "download" ? "get endless.bin -o /dev/null" : "put endless.bin -o up.bin",
  ],
  next: ["get small.txt", "quit"],
};

const bsdScript = {
  begin: (transfer: Transfer) => [
    `open ${host}`,
    `user ${account.user} ${account.password}`,
    "binary",
    transfer === "download" ? "get endless.bin /dev/null" : "put endless.bin up.bin",
  ],
  next: ["get small.txt", "quit"],
};

const how = {
  lftp: { args: ["--norc"], ...lftpScript },
  "inetutils ftp": { args: ["-n", "-v", "-i", "--passive"], ...bsdScript },
  tnftp: { args: ["-n", "-v", "-i", "-e", "-p"], ...bsdScript },
} as const;

const inLines = (commands: readonly string[]): string => commands.map((command) => `${command}\n`).join("");

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let waited = 0; !isSo(); waited += 20) {
    if (waited > 10_000) throw new Error(`${what}: not in 10 s`);
    await sleep(20);
  }
}

beforeEach((context) => requireNone(obstacle, context));

describe.each(servers)("%s", (_, kind) => {
  let lab: Lab;
  let server: Server;
  let gateway: LabGateway;

  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createLab();
    server = await startServer(lab, kind);
    gateway = await startGateway(lab, [fixedRoute("IPv4")], { log: { level: "debug", format: "json" } });
    for (const folder of [server.home, lab.folder]) {
      // Holes, so that nothing of it takes space.
      await writeFile(path.join(folder, "endless.bin"), "");
      await truncate(path.join(folder, "endless.bin"), 64 * 2 ** 30);
    }
    await writeFile(path.join(server.home, "small.txt"), "small");
  }, 60_000);
  afterAll(() => lab?.remove(), 30_000);

  for (const { name, title, missing } of clients) {
    describe(`${title}, interrupted`, () => {
      beforeEach((context) => requireNone(missing, context));

      // lftp takes Pure-FTPd's 426 after a download for no answer ("server bug: 426 reply missed") and hangs up at its next
      // transfer, without the gateway too.
      const transfers =
        name === "lftp" && kind === "Pure-FTPd" ? (["upload"] as const) : (["download", "upload"] as const);
      for (const transfer of transfers) {
        test(`in the middle of ${transfer === "upload" ? "an upload" : "a download"}, gets its next file in the same session`, async () => {
          await rm(path.join(server.home, "up.bin"), { force: true });
          const sessions = () => gateway.logged("session started").slice(earlier);
          const earlier = gateway.logged("session started").length;
          const ofSession = (message: string) =>
            gateway.logged(message).filter((line) => line["session"] === sessions()[0]?.["session"]);
          const own = await clientProgram(name);
          const env = { ...own?.env, HOME: lab.folder, LC_ALL: "C.UTF-8", TERM: "dumb" };
          const client = lab.start("client", [own?.path ?? name, ...how[name].args], { cwd: lab.folder, env });
          client.stdin.write(inLines(how[name].begin(transfer)));
          await until("a transfer", () => ofSession("transfer started").length > 0);
          await sleep(100);
          client.kill("SIGINT");
          client.stdin.write(inLines(how[name].next));
          const ended = await Promise.race([client.ended, sleep(10_000).then(() => "still running")]);
          const told = `${client.output()}\n--- the gateway:\n${gateway.log().slice(-8000)}`;
          expect(ended, told).toBe(0);
          expect(sessions().length, told).toBe(1);
          await until("the end of both transfers", () => ofSession("transfer ended").length === 2);
          const outcomes = ofSession("transfer ended").map((line) => [
            line["verb"],
            line["outcome"],
            line["bytesDown"],
          ]);
          expect(outcomes, told).toContainEqual(["RETR", "complete", 5]);
          const cut = outcomes.find(([, , bytesDown]) => bytesDown !== 5);
          // A client that gives an upload up may end it in good order.
          if (transfer === "download") expect(cut?.[1], told).not.toBe("complete");
          expect(client.output()).toMatch(/ABOR|waiting for remote to finish abort/i);
        }, 30_000);
      }
    });
  }
});
