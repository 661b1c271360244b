// A pool of four real servers under the load of real clients, while one is full, one is killed and one is frozen.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { obstacleTo, requireNone } from "./availability.ts";
import { fixedRoute, startGateway, type LabGateway } from "./gateway.ts";
import { createLab, type Lab } from "./lab.ts";
import type { Running } from "./process.ts";
import { program } from "./programs.ts";
import { account } from "./servers/blueprint.ts";
import { startServer, type Server, type ServerKind } from "./servers/server.ts";
import { addresses } from "./topology.ts";

const kinds = ["vsftpd", "ProFTPD", "Pure-FTPd", "pyftpdlib"] as const satisfies readonly ServerKind[];
type Kind = (typeof kinds)[number];
const ports: Readonly<Record<Kind, number>> = { vsftpd: 2101, ProFTPD: 2102, "Pure-FTPd": 2103, pyftpdlib: 2104 };
const host = addresses.edgeToClient.IPv4;
const content = "the same on each";

const obstacle = await obstacleTo(...kinds, "curl", "lftp");
beforeEach((context) => requireNone(obstacle, context));

async function startServers(lab: Lab): Promise<Readonly<Record<Kind, Server>>> {
  const started = await Promise.all(
    kinds.map(async (kind, index) => {
      const passivePorts = [41_000 + index * 100, 41_099 + index * 100] as const;
      const server = await startServer(lab, kind, { port: ports[kind], passivePorts, mostSessions: 2 });
      await writeFile(path.join(server.home, "small.txt"), content);
      return [kind, server] as const;
    }),
  );
  return Object.fromEntries(started) as Record<Kind, Server>;
}

/** Logged in, with one file downloaded, and idle. It never connects anew. */
async function enter(lab: Lab, gateway: LabGateway): Promise<Running> {
  const own = await program("lftp");
  const env = { ...own.env, HOME: lab.folder, LC_ALL: "C.UTF-8", TERM: "dumb" };
  const client = lab.start("client", [own.path, "--norc"], { cwd: lab.folder, env });
  const script = [
    ...[
      "debug 5",
      "set cmd:interactive yes",
      "set ftp:ssl-allow no",
      "set net:max-retries 1",
      "set net:timeout 15",
      "set xfer:clobber yes",
    ],
    ...[`open -u ${account.user},${account.password} ${host}`, "get small.txt -o /dev/null"],
  ];
  client.stdin.write(script.map((line) => `${line}\n`).join(""));
  const before = gateway.logged("transfer ended").length;
  for (let waited = 0; gateway.logged("transfer ended").length === before; waited += 20) {
    if (waited > 10_000) throw new Error(`no transfer in 10 s:\n${client.output()}`);
    await sleep(20);
  }
  return client;
}

/** Downloads again and again, with so many clients at once, until told to stop. Gives the failures. */
function load(lab: Lab, curl: { readonly path: string; readonly env: Record<string, string> }, clients: number) {
  const over = new AbortController();
  const finished: { readonly status: number | string; readonly out: string; readonly log: string }[] = [];
  const work = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const url = `ftp://${account.user}:${account.password}@${host}/small.txt`;
      const { status, stdout, stderr } = await lab.run(
        "client",
        [curl.path, "-q", "--silent", "--show-error", "--verbose", "--max-time", "20", url],
        { env: curl.env, timeoutMs: 30_000 },
      );
      finished.push({ status, out: stdout.toString(), log: stderr.toString() });
    }
  };
  const workers = Array.from({ length: clients }, work);
  return {
    finished,
    async stop() {
      over.abort();
      await Promise.all(workers);
    },
  };
}

test("one is full, one is killed, one is frozen: no client that had not been greeted by it fails, and those with the others do not notice", async () => {
  const lab = await createLab();
  onTestFinished(() => lab.remove(), 30_000);
  const servers = await startServers(lab);
  const route = {
    servers: kinds.map((kind) => `${addresses.server.IPv4}:${ports[kind]}`),
    balance: "round-robin",
    health: { every: "1s", fall: 2 },
  };
  const gateway = await startGateway(lab, [fixedRoute("IPv4", { route, timeouts: { connect: "1s" } })]);
  // Two for each: then vsftpd is full.
  const clients: { readonly client: Running; readonly port: number }[] = [];
  for (let count = 1; count <= 8; count++) {
    const client = await enter(lab, gateway);
    const connected = gateway.logged("server connected");
    expect(connected).toHaveLength(count);
    clients.push({ client, port: Number(String(connected.at(-1)?.["server"]).split(":").at(-1)) });
  }
  expect(clients.map(({ port }) => port).toSorted((one, other) => one - other)).toEqual(
    Object.values(ports).flatMap((port) => [port, port]),
  );

  const clientsAtOnce = 4;
  const { finished, stop } = load(lab, await program("curl"), clientsAtOnce);
  await sleep(3000);
  const whileFull = finished.length;
  expect(whileFull).toBeGreaterThan(20);
  expect(finished.filter(({ status }) => status !== 0)).toEqual([]);
  await servers.ProFTPD.stop();
  await sleep(3000);
  servers["Pure-FTPd"].freeze();
  await sleep(8000);
  await stop();

  const failed = finished.filter(({ status }) => status !== 0);
  // Whoever was with a server when that was killed or frozen: no more than there were clients, each time.
  for (const { log } of failed) expect(log, "it had not been greeted").toMatch(/^< 220/m);
  expect(failed.length, failed.map(({ log }) => log).join("\n---\n")).toBeLessThanOrEqual(2 * clientsAtOnce);
  for (const { status, out } of finished) if (status === 0) expect(out).toBe(content);
  expect(gateway.logged("server down").map((line) => line["server"])).toEqual(
    expect.arrayContaining([ports.vsftpd, ports.ProFTPD, ports["Pure-FTPd"]].map((port) => `10.0.0.5:${port}`)),
  );

  // Those that are inside with the servers that live go on in the same session, the full one's too.
  for (const { client, port } of clients) {
    if (port !== ports.vsftpd && port !== ports.pyftpdlib) {
      client.kill("SIGKILL");
      continue;
    }
    client.stdin.write("get small.txt -o /dev/null\necho goes on\nquit\n");
    expect(await client.ended, client.output()).toBe(0);
    expect(client.output().match(/---- Connecting to 192\.168\.1\.1 .* port 21$/gm), client.output()).toHaveLength(1);
  }
  expect(finished.length - whileFull, "the load went on").toBeGreaterThan(40);
}, 120_000);
