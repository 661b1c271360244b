// TLS that passes through the gateway, with real programs: what they do directly they do through it, and behind CCC their data
// connections are translated again. The whole matrix is a command of its own: `npm run ftps`.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone } from "../availability.ts";
import { fixedRoute, startGateway, type LabGateway } from "../gateway.ts";
import { createLab, type Lab } from "../lab.ts";
import { noise } from "../operations.ts";
import { program } from "../programs.ts";
import { account } from "../servers/blueprint.ts";
import { startServer, type Server } from "../servers/server.ts";
import { addresses } from "../topology.ts";
import { labCertificate } from "./certificate.ts";
import { tlsCells } from "./cells.ts";
import { describeSample } from "./sample.ts";

const obstacle = await obstacleTo(
  "nft",
  "vsftpd",
  "ProFTPD",
  "ProFTPD mod_tls",
  "Pure-FTPd",
  "curl",
  "lftp",
  "python3",
);
beforeEach((context) => requireNone(obstacle, context));

const sample = tlsCells.filter(
  ({ client, server, security, version, legs }) =>
    legs === "passthrough" &&
    (security === "implicit" ? server === "ProFTPD" : server === "vsftpd") &&
    (version === "TLSv1.3" ? ["curl", "lftp", "Python ftplib"] : ["lftp"]).includes(client),
);
describeSample("clients do under TLS that passes through what they do directly", sample, {
  obstacle,
  logged: "session is opaque",
});

const body = noise("behind CCC", 300_000);

/** Down, CCC in between, and up again. */
const pythonScript = `
import ftplib, ssl, sys
host, user, password, ca, protection = sys.argv[1:]
class Resuming(ftplib.FTP_TLS):
    def ntransfercmd(self, cmd, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            conn = self.context.wrap_socket(conn, server_hostname=self.host, session=self.session)
        return conn, size
ftp = Resuming(context=ssl.create_default_context(cafile=ca), timeout=10)
ftp.set_debuglevel(1)
ftp.connect(host)
ftp.login(user, password)
if protection == "P":
    ftp.prot_p()
ftp.session = ftp.sock.session
ftp.ccc()
print("cleared", ftp.pwd())
with open("down.bin", "wb") as file:
    ftp.retrbinary("RETR down.bin", file.write)
with open("down.bin", "rb") as file:
    ftp.storbinary("STOR up.bin", file)
ftp.quit()
`;

describe.each(["ProFTPD", "Pure-FTPd"] as const)("CCC at %s, behind which lines are read again", (kind) => {
  let lab: Lab;
  let server: Server;
  let gateway: LabGateway;
  let ca = "";

  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createLab({ edge: "nat" });
    const certificate = await labCertificate(lab);
    ca = certificate.cert;
    server = await startServer(lab, kind, { tls: { ...certificate, isImplicit: false } });
    gateway = await startGateway(lab, [fixedRoute("IPv4", { policy: { tls: "passthrough" } })]);
    await writeFile(path.join(server.home, "down.bin"), body);
  }, 60_000);
  afterAll(() => lab?.remove());

  async function expectTranslated(since: number): Promise<void> {
    const ended = (): unknown[] =>
      gateway
        .logged("transfer ended")
        .slice(since)
        .map(({ direction, outcome }) => [direction, outcome]);
    await expect.poll(ended, { timeout: 3000 }).toEqual([
      ["download", "complete"],
      ["upload", "complete"],
    ]);
    expect((await readFile(path.join(server.home, "up.bin"))).equals(body)).toBe(true);
  }

  test.each(["C", "P"])("Python's ftplib transfers files through pinholes, with PROT %s", async (protection) => {
    const since = gateway.logged("transfer ended").length;
    const { path: python, env } = await program("python3");
    const { edgeToClient } = addresses;
    const args = [edgeToClient.IPv4, account.user, account.password, ca, protection];
    const { status, stdout, stderr } = await lab.run("client", [python, "-u", "-c", pythonScript, ...args], {
      env,
      cwd: lab.folder,
    });
    expect(status, `${stdout.toString()}${stderr.toString()}\n${gateway.log()}`).toBe(0);
    await expectTranslated(since);
    expect(gateway.logged("session is in clear again").length).toBeGreaterThan(0);
  });

  test("curl transfers files through pinholes (--ftp-ssl-ccc)", async () => {
    const since = gateway.logged("transfer ended").length;
    const { path: curl, env } = await program("curl");
    const url = `ftp://${account.user}:${account.password}@${addresses.edgeToClient.IPv4}`;
    const options = ["-q", "-sS", "-v", "--cacert", ca, "--ftp-ssl-control", "--ftp-ssl-ccc"];
    const common = [curl, ...options, "--ftp-ssl-ccc-mode", "active", "--max-time", "20"];
    const down = await lab.run("client", [...common, `${url}/down.bin`], { env });
    expect(down.stdout.equals(body), `${down.stderr.toString()}\n${gateway.log()}`).toBe(true);
    const up = await lab.run("client", [...common, "-T", "-", `${url}/up.bin`], { env, input: body });
    expect(up.status, up.stderr.toString()).toBe(0);
    await expectTranslated(since);
  });
});
