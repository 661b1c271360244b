// Clients that do not wait for one reply before the next command: nothing is mixed up, and they wait as often as they would
// without the gateway, except for the negotiation of each data connection, whose answer what follows it has to await.
import { chown, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { clientObstacle, obstacleTo, requireNone, titleOfClient, titleOfServer } from "./availability.ts";
import { clientProgram } from "./clients/all.ts";
import { fixedRoute, startGateway, type LabGateway } from "./gateway.ts";
import { createLab, type Lab } from "./lab.ts";
import { noise } from "./operations.ts";
import { startPatientServer, type PatientServer } from "./patient-server.ts";
import { program } from "./programs.ts";
import { account } from "./servers/blueprint.ts";
import { startServer, type Server, type ServerKind } from "./servers/server.ts";
import { addresses } from "./topology.ts";

const kinds = ["vsftpd", "ProFTPD", "Pure-FTPd"] as const satisfies readonly ServerKind[];
const obstacle = (await obstacleTo(...kinds, "python3")) ?? (await clientObstacle("lftp"));
const lftpTitle = await titleOfClient("lftp");
const titles = await Promise.all(kinds.map(async (kind) => [await titleOfServer(kind), kind] as const));

const serverModes = ["same", "passive", "active"] as const;
const ports = { same: 21, passive: 2100, active: 2200 } as const;
const gateways = serverModes.map((mode) =>
  fixedRoute("IPv4", { serverSide: { mode, dataPorts: "51000-51999" } }, { listen: ports[mode], server: 21 }),
);

const names = Array.from({ length: 12 }, (_, index) => `file-${index}.bin`);

beforeEach((context) => requireNone(obstacle, context));

let lab: Lab;

/** lftp as it is asked to be for pipelining, doing `commands`. */
async function lftp(host: string, port: number, mode: string, commands: readonly string[]): Promise<string> {
  const own = await clientProgram("lftp");
  const folder = path.join(lab.folder, "lftp");
  await mkdir(folder, { recursive: true });
  const script = [
    "set ftp:sync-mode off",
    `set ftp:passive-mode ${mode === "passive" ? "on" : "off"}`,
    "set ftp:ssl-allow no",
    "set net:max-retries 1",
    "set net:timeout 10",
    "set xfer:clobber yes",
    "set cmd:fail-exit yes",
    `open -u ${account.user},${account.password} -p ${port} ftp://${host}`,
    ...commands,
    "quit",
    "",
  ].join("\n");
  const { stdout, stderr, status } = await lab.run("client", [own?.path ?? "lftp", "--norc"], {
    cwd: folder,
    env: { ...own?.env, HOME: folder, LC_ALL: "C.UTF-8", TERM: "dumb" },
    input: script,
    timeoutMs: 60_000,
  });
  const said = stdout.toString() + stderr.toString();
  expect(status, said).toBe(0);
  return said;
}

describe.each(titles)("%s", (_, kind) => {
  let server: Server;
  let gateway: LabGateway;

  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createLab();
    server = await startServer(lab, kind);
    gateway = await startGateway(lab, gateways, { log: { level: "trace", format: "json" } });
  }, 60_000);
  afterAll(() => lab?.remove(), 30_000);

  /** Whether a client's command came while another one had no reply yet. */
  function sawPipelining(log: string): boolean {
    let unanswered = 0;
    for (const line of log.split("\n")) {
      const said = /"msg":"(C>|S> \d\d\d ) ?/.exec(line)?.[1];
      if (said === "C>" && ++unanswered > 1) return true;
      if (said?.startsWith("S>") === true) unanswered = 0;
    }
    return false;
  }

  for (const mode of ["passive", "active"]) {
    for (const serverMode of serverModes) {
      test(`${lftpTitle} with ftp:sync-mode off, ${mode}, serverSide.mode ${serverMode}: every file arrives`, async () => {
        for (const name of names) await writeFile(path.join(server.home, name), noise(name, 20_000));
        const incoming = path.join(server.home, "incoming");
        await rm(incoming, { recursive: true, force: true });
        await mkdir(incoming);
        await chown(incoming, account.uid, account.gid);
        await writeFile(path.join(server.home, "old.bin"), "");
        const before = gateway.log().length;
        await lftp(addresses.edgeToClient.IPv4, ports[serverMode], mode, [
          "mget file-*.bin",
          "mput -O incoming file-*.bin",
          "mv old.bin new.bin",
          "rm new.bin",
          "ls",
        ]);
        for (const name of names) {
          expect(noise(name, 20_000).equals(await readFile(path.join(lab.folder, "lftp", name)))).toBe(true);
          expect(noise(name, 20_000).equals(await readFile(path.join(incoming, name)))).toBe(true);
        }
        expect(sawPipelining(gateway.log().slice(before))).toBe(true);
      }, 60_000);
    }
  }
});

/** Says everything in one write, then serves or makes the data connections in turn; prints the codes that it read. */
const client = `
import json, socket, sys
host, own = sys.argv[1:]
control = socket.create_connection((host, 21), 20)
listeners = [socket.create_server((own, 0)) for _ in range(2)]
def port(listener):
    number = listener.getsockname()[1]
    return "PORT %s,%d,%d" % (own.replace(".", ","), number // 256, number % 256)
commands = ["USER u", "PASS p", "SYST", "TYPE I", "CWD /", "PWD", "SIZE a"]
for name, listener in zip("ab", listeners): commands += [port(listener), "RETR " + name]
commands += ["NOOP", "QUIT"]
control.sendall("".join(command + "\\r\\n" for command in commands).encode())
sizes = []
for listener in listeners:
    listener.settimeout(20)
    data, _ = listener.accept()
    total = 0
    while chunk := data.recv(65536): total += len(chunk)
    data.close()
    sizes.append(total)
text = b""
while chunk := control.recv(65536): text += chunk
print(json.dumps({"sizes": sizes, "codes": [line[:3].decode() for line in text.splitlines()]}))
`;

describe("a server that counts round trips", () => {
  let server: PatientServer;

  beforeAll(async () => {
    if (obstacle !== undefined) return;
    // The edge only routes, so that the same can be done without the gateway.
    lab = await createLab({ edge: "open" });
    server = await startPatientServer(lab);
    await startGateway(lab, gateways);
  }, 60_000);
  afterAll(() => lab?.remove(), 30_000);

  /** The rounds of a session, and how many data connections were negotiated in it. */
  async function rounds(): Promise<{ count: number; negotiations: number; told: string }> {
    const said = await server.session();
    const negotiations = said.flat().filter((line) => /^(PORT|PASV)/.test(line)).length;
    return { count: said.length, negotiations, told: said.map((round) => round.join(" | ")).join("\n") };
  }

  test("is said a whole session at once, transfers included, in one round, one more for each PORT and one for the login", async () => {
    const { path: python, env } = await program("python3");
    const play = async (host: string) => {
      const args = ["-c", client, host, addresses.client.IPv4];
      const { stdout, stderr } = await lab.run("client", [python, ...args], { env, timeoutMs: 30_000 });
      if (stdout.length === 0) throw new Error(stderr.toString());
      return JSON.parse(stdout.toString()) as { sizes: number[]; codes: string[] };
    };
    const directly = await play(addresses.server.IPv4);
    const direct = await rounds();
    const through = await play(addresses.edgeToClient.IPv4);
    const { count, negotiations, told } = await rounds();
    expect(through).toEqual(directly);
    expect(through.sizes).toEqual([1000, 1000]);
    expect(direct.count).toBe(1);
    expect(negotiations).toBe(2);
    // Nothing opens before the server has accepted the login, so the first PORT waits for its answer.
    const loginRounds = 1;
    expect(count, told).toBe(direct.count + negotiations + loginRounds);
  }, 60_000);

  for (const mode of ["passive", "active"]) {
    test(`is visited by ${lftpTitle} with ftp:sync-mode off, ${mode}: at most one more round for each data connection`, async () => {
      const commands = ["get a", "get b", "get c"];
      await lftp(addresses.server.IPv4, 21, mode, commands);
      const direct = await rounds();
      await lftp(addresses.edgeToClient.IPv4, 21, mode, commands);
      const through = await rounds();
      expect(through.negotiations).toBe(direct.negotiations);
      const told = `directly:\n${direct.told}\nthrough the gateway:\n${through.told}`;
      // lftp says RETR without waiting for the 227, and the server must not hear of it before its data port is known.
      expect(through.count, told).toBeLessThanOrEqual(direct.count + direct.negotiations);
    }, 60_000);
  }
});
