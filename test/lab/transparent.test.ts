// Clients that know nothing of the gateway on their router, with real programs: they name the server, and everything that
// they open towards it arrives.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone } from "./availability.ts";
import { clientProgram, type ClientName } from "./clients/all.ts";
import {
  grantedByUnit,
  startIntercepting,
  type DropIn,
  type GatewaySetUp,
  type InterceptingGateway,
  type Method,
} from "./intercepting-gateway.ts";
import { createLab, type Lab } from "./lab.ts";
import { noise } from "./operations.ts";
import type { Running } from "./process.ts";
import { program as labProgram } from "./programs.ts";
import { account } from "./servers/blueprint.ts";
import { startServer, type Server } from "./servers/server.ts";
import { play } from "./session.ts";
import { addresses, type Family, type Place } from "./topology.ts";

const obstacle = await obstacleTo("vsftpd", "curl", "lftp", "inetutils ftp", "tnftp", "python3");
beforeEach((context) => requireNone(obstacle, context));

const families: readonly Family[] = ["IPv4", "IPv6"];
const body = noise("intercepted", 300_000);

type Site = { readonly lab: Lab; readonly server: Server; readonly gateway: InterceptingGateway };

async function openSite({ method, route = {}, dataPlane, dropIn }: Case): Promise<Site> {
  // Masquerading would hide what the gateway shows the server.
  const lab = await createLab({ edge: route.clientAddress ? "open" : "nat" });
  try {
    const server = await startServer(lab, "vsftpd");
    const capabilities = dropIn === undefined ? [] : await grantedByUnit(dropIn);
    const more = dataPlane === undefined ? {} : { dataPlane };
    return { lab, server, gateway: await startIntercepting(lab, { method, route, capabilities, more }) };
  } catch (error) {
    await lab.remove();
    throw error;
  }
}

/** Download and upload of one file by curl, with the options that choose the mode. */
async function curl({ lab, server }: Site, family: Family, options: readonly string[]): Promise<void> {
  const host = addresses.server[family];
  const url = `ftp://${account.user}:${account.password}@${family === "IPv4" ? host : `[${host}]`}`;
  await writeFile(path.join(server.home, "down.bin"), body);
  const { path: program, env } = (await clientProgram("curl"))!;
  const common = [program, "-q", "-sS", "-v", "--globoff", "--max-time", "15", ...options];
  const down = await lab.run("client", [...common, `${url}/down.bin`], { env });
  expect(down.stdout.equals(body), down.stderr.toString()).toBe(true);
  const up = await lab.run("client", [...common, "-T", "-", `${url}/up.bin`], { env, input: body });
  expect(up.status, up.stderr.toString()).toBe(0);
  expect((await readFile(path.join(server.home, "up.bin"))).equals(body)).toBe(true);
}

async function python(lab: Lab, place: Place, script: string, ...args: string[]): Promise<Running> {
  const { path: program, env } = await labProgram("python3");
  return lab.start(place, [program, "-u", "-c", script, ...args], { env });
}

/** Whom the client sees at the other end of an active data connection. */
async function activePeer({ lab, server }: Site, family: Family): Promise<[address: string, port: number]> {
  await writeFile(path.join(server.home, "peer.bin"), body);
  const script = `
import ftplib, sys
ftp = ftplib.FTP(sys.argv[1], sys.argv[2], sys.argv[3], timeout=5)
ftp.set_pasv(False)
print("peer", *ftp.transfercmd("RETR peer.bin").getpeername()[:2])
`;
  const running = await python(lab, "client", script, addresses.server[family], account.user, account.password);
  const [, address = "", port] = (await running.line(/^peer /)).split(" ");
  await running.ended;
  return [address, Number(port)];
}

/** All that is said on a connection until it ends. */
async function conversation(lab: Lab, host: string, port: number): Promise<string> {
  const script = `
import socket, sys
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
said = b""
while chunk := connection.recv(65536): said += chunk
print("said", said)
`;
  const running = await python(lab, "client", script, host, String(port));
  const [, said = ""] = /^said b['"](.*)['"]$/.exec(await running.line(/^said /)) ?? [];
  await running.ended;
  return said.replaceAll("\\r", "\r").replaceAll("\\n", "\n");
}

/** From as many ports of the client to port 21 of as many machines behind the gateway: ACKs of connections that never were. */
async function strayAcks(lab: Lab, count: number): Promise<void> {
  const script = `
import socket, struct, sys
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
source = socket.inet_aton(sys.argv[1])
for number in range(int(sys.argv[2])):
    to = "10.0.0.%d" % (20 + number % 200)
    fields = (30000 + number, 21, 1, 1, 5 << 4, 0x10, 1024)
    pseudo = source + socket.inet_aton(to) + struct.pack("!BBH", 0, 6, 20) + struct.pack("!HHIIBBHHH", *fields, 0, 0)
    total = sum(struct.unpack("!16H", pseudo))
    total = (total & 0xffff) + (total >> 16)
    checksum = ~((total & 0xffff) + (total >> 16)) & 0xffff
    for again in range(2): raw.sendto(struct.pack("!HHIIBBHHH", *fields, checksum, 0), (to, 0))
print("sent")
`;
  const running = await python(lab, "client", script, addresses.client.IPv4, String(count));
  await running.line(/^sent/);
  await running.ended;
}

/** Who talks FTP with whom, as the ruleset of `redirect` has noted it. */
async function notedPairs(lab: Lab): Promise<string> {
  const listed = await lab.run("edge", ["nft", "list", "set", "inet", "ftp_alg_lab", "pairs4"]);
  expect(listed.status, listed.stderr.toString()).toBe(0);
  return listed.stdout.toString();
}

/** A server of something else. */
async function greet(lab: Lab, port: number): Promise<Running> {
  const script = `
import socket, sys
listener = socket.create_server(("", int(sys.argv[1])))
print("ready")
while True:
    connection, _ = listener.accept()
    connection.sendall(b"hello\\n")
    connection.close()
`;
  const running = await python(lab, "server", script, String(port));
  await running.line(/^ready/);
  return running;
}

const curlModes: readonly (readonly [name: string, family: Family | "both", options: readonly string[]])[] = [
  ["EPSV", "both", []],
  ["PASV, dialling the server's address whatever 227 says", "IPv4", ["--disable-epsv", "--ftp-skip-pasv-ip"]],
  ["PASV, dialling the address in 227", "IPv4", ["--disable-epsv", "--no-ftp-skip-pasv-ip"]],
  ["EPRT", "both", ["--ftp-port", "-"]],
  ["PORT", "IPv4", ["--ftp-port", "-", "--disable-eprt"]],
];

const others: readonly ClientName[] = ["Python ftplib", "lftp", "inetutils ftp", "tnftp"];

type Case = {
  readonly title: string;
  readonly method: Method;
  readonly route?: GatewaySetUp["route"];
  readonly dataPlane?: "kernel" | "relay";
  /** What grants its capabilities together with the unit; it has none without it. */
  readonly dropIn?: DropIn;
  readonly programs: readonly ClientName[];
};

const dropIn = "transparent.conf";
const asClient = { clientAddress: true } as const;
const cases: readonly Case[] = [
  { title: "redirect, without any capability", method: "redirect", programs: [] },
  {
    title: "redirect, told the server's address",
    method: "redirect",
    route: { advertise: "server" },
    programs: others,
  },
  { title: "TPROXY", method: "tproxy", dropIn, programs: others },
  { title: "TPROXY, relayed", method: "tproxy", dropIn, dataPlane: "relay", programs: [] },
  { title: "TPROXY, with the clients' own addresses", method: "tproxy", dropIn, route: asClient, programs: others },
  {
    title: "TPROXY, with the clients' own addresses, on the kernel plane",
    method: "tproxy",
    dropIn: "kernel.conf",
    route: asClient,
    dataPlane: "kernel",
    programs: ["Python ftplib"],
  },
];

describe.each(cases)("intercepted by $title", (given) => {
  const { method, route, dataPlane, programs } = given;
  let site: Site;
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    site = await openSite(given);
  }, 120_000);
  afterAll(() => site?.lab.remove());

  for (const [name, only, options] of curlModes) {
    for (const family of families.filter((each) => only === "both" || each === only)) {
      test(`curl transfers over ${family} with ${name}`, async () => {
        const before = site.gateway.logged("transfer ended").length;
        await curl(site, family, options);
        const ended = () => site.gateway.logged("transfer ended").slice(before);
        await expect.poll(() => ended().length, { timeout: 5000 }).toBe(2);
        if (dataPlane !== undefined) expect(ended().map(({ plane }) => plane)).toEqual([dataPlane, dataPlane]);
      }, 60_000);
    }
  }

  for (const client of programs) {
    for (const family of families) {
      for (const mode of ["passive", "active"] as const) {
        test(`${client} lists and transfers over ${family}, ${mode}`, async () => {
          const target = { host: addresses.server[family], port: 21 };
          const operations = ["list", "download", "upload"] as const;
          const { outcomes, printed } = await play(site.lab, site.server, target, client, mode, operations);
          const told = `${printed}\n${site.gateway.output()}`;
          expect(outcomes, told).toEqual({ list: "ok", download: "ok", upload: "ok" });
        }, 60_000);
      }
    }
  }

  test.each(families)(
    "over %s the client's data connection comes from where it believes it to come from",
    async (family) => {
      const expected = method === "tproxy" ? [addresses.server[family], 20] : [addresses.edgeToClient[family], "any"];
      const [address, port] = await activePeer(site, family);
      expect([address, expected[1] === "any" ? "any" : port]).toEqual(expected);
    },
  );

  test.each(families)("over %s the server sees the right client", async (family) => {
    await curl(site, family, []);
    const place = route?.clientAddress ? addresses.client : addresses.edgeToServer;
    // The log is written in batches.
    const local = (): string => String(site.gateway.logged("server connected").at(-1)?.["local"]);
    await expect.poll(() => local().replaceAll(/^\[|\]?:\d+$/g, ""), { timeout: 5000 }).toBe(place[family]);
    expect(await site.server.log()).toContain(`"${family === "IPv4" ? "::ffff:" : ""}${place[family]}"`);
  });

  test.each(families)(
    "a client that names the gateway itself is told that this would be a loop, over %s",
    async (family) => {
      const said = await conversation(site.lab, addresses.edgeToClient[family], 2121);
      expect(said).toBe("421 The server is this gateway itself.\r\n");
    },
  );

  // With TPROXY there are no pairs.
  if (method === "redirect") {
    test("stray ACKs make no pair for the data ports, an accepted connection does", async () => {
      await strayAcks(site.lab, 500);
      await curl(site, "IPv4", []);
      const noted = await notedPairs(site.lab);
      expect(noted).toContain(`${addresses.client.IPv4} . ${addresses.server.IPv4} `);
      expect(noted.match(/ \. 10\.0\.0\.\d+ /g)).toHaveLength(1);
    });
  }

  // Between a client and its FTP server, redirection takes the whole range of data ports.
  test.each([
    { port: 2121, host: addresses.server.IPv4 },
    { port: 50_500, host: method === "redirect" ? "10.0.0.6" : addresses.server.IPv4 },
  ])(
    "a connection to port $port of another machine is not touched, though it is one of the gateway's",
    async ({ host, port }) => {
      const greeter = await greet(site.lab, port);
      expect(await conversation(site.lab, host, port)).toBe("hello\n");
      greeter.kill("SIGKILL");
      await greeter.ended;
    },
  );
});
