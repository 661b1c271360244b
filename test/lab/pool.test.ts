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

type Variant = {
  readonly name: string;
  /** What a client has read that may fail: before that no server is its own. */
  readonly fate: RegExp;
  readonly hasChecks: boolean;
  readonly route: (folder: string) => object;
};

const hosts = kinds.map((kind) => `${addresses.server.IPv4}:${ports[kind]}`);
const variants: readonly Variant[] = [
  {
    name: "sessions find out who is up",
    fate: /^< 220/m,
    hasChecks: false,
    route: () => ({ servers: hosts, balance: "round-robin", health: { every: "1s", fall: 2 } }),
  },
  {
    name: "the gateway greets, and checks find out who is up",
    fate: /^< 331/m,
    hasChecks: true,
    route: (folder) => ({
      servers: hosts.map((server) => ({ server, users: [account.user] })),
      balance: "round-robin",
      slowStart: "1s",
      health: {
        ...{ every: "500ms", timeout: "1s", rise: 2, fall: 2, transfer: "list" },
        login: { user: account.user, passwordFile: path.join(folder, "password") },
      },
    }),
  },
];

test.each(variants)(
  "one is full, one is killed, one is frozen; $name: no client fails that no server was there for yet, and those with the others do not notice",
  async ({ fate, hasChecks, route }) => {
    const lab = await createLab();
    onTestFinished(() => lab.remove(), 30_000);
    const servers = await startServers(lab);
    await writeFile(path.join(lab.folder, "password"), `${account.password}\n`);
    const gateway = await startGateway(lab, [
      fixedRoute("IPv4", { route: route(lab.folder), timeouts: { connect: "1s" } }),
    ]);
    // Two for each: then vsftpd is full.
    const clients: { readonly client: Running; readonly port: number }[] = [];
    for (let count = 1; count <= 8; count++) {
      const client = await enter(lab, gateway);
      const connected = gateway.logged("server connected");
      expect(connected).toHaveLength(count);
      clients.push({ client, port: Number(String(connected.at(-1)?.["server"]).split(":").at(-1)) });
    }
    const places = clients.map(({ port }) => port);
    // A check may be in the way of one that comes to the server that lets in two.
    if (!hasChecks)
      expect(places.toSorted((one, other) => one - other)).toEqual(
        Object.values(ports).flatMap((port) => [port, port]),
      );
    for (const port of Object.values(ports)) expect(places.filter((one) => one === port).length).toBeGreaterThan(0);

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
    for (const { log } of failed) expect(log, "no server was its own").toMatch(fate);
    expect(failed.length, failed.map(({ log }) => log).join("\n---\n")).toBeLessThanOrEqual(2 * clientsAtOnce);
    for (const { status, out } of finished) if (status === 0) expect(out).toBe(content);
    const down = [ports.ProFTPD, ports["Pure-FTPd"], ...(hasChecks ? [] : [ports.vsftpd])];
    expect(gateway.logged("server down").map((line) => line["server"])).toEqual(
      expect.arrayContaining(down.map((port) => `10.0.0.5:${port}`)),
    );
    expect(gateway.logged("server down").map((line) => line["server"])).not.toContain(`10.0.0.5:${ports.pyftpdlib}`);

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
  },
  120_000,
);
