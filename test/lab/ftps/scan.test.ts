// What scanners find at a gateway that terminates TLS: versions, ciphers, renegotiation, compression, and the known holes.
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { startFakeServer } from "../../gateway/fake-server.ts";
import { until } from "../../gateway/stage.ts";
import { spawnGateway, temporaryFile } from "../../gateway/spawned-gateway.ts";
import { makeCertificate } from "../../tls/made-certificate.ts";
import { programObstacle, requireNone } from "../availability.ts";
import { run } from "../process.ts";
import { program, type Program } from "../programs.ts";

const obstacle = await programObstacle("openssl", "sslscan");
beforeEach((context) => requireNone(obstacle, context));

type Scanned = { readonly explicit: string; readonly implicit: string; stop(): void };

async function startScanned(): Promise<Scanned> {
  const server = await startFakeServer();
  const { certFile, keyFile } = makeCertificate({ kind: "rsa" });
  const gateway = spawnGateway([
    {
      listen: ["127.0.0.1:0", { endpoint: "127.0.0.2:0", tls: "implicit" }],
      route: { server: `127.0.0.1:${server.port}` },
      clientSide: { tls: { certificates: [{ cert: certFile, key: keyFile }] } },
      policy: { tls: "terminate" },
    },
  ]);
  const listening = (): unknown[] =>
    gateway.lines().flatMap(({ msg, endpoint }) => (msg === "listening" ? [endpoint] : []));
  await until(() => listening().length === 2, 10_000);
  const [explicit = "", implicit = ""] = listening().map(String);
  return { explicit, implicit, stop: server.stop };
}

async function outputOf({ path, env }: Program, args: readonly string[], input = ""): Promise<string> {
  const { stdout, stderr } = await run([path, ...args], { env, input, timeoutMs: 60_000 });
  return `${stdout.toString()}${stderr.toString()}`;
}

describe("a gateway that terminates TLS", () => {
  test.each(["explicit", "implicit"] as const)(
    "offers TLS 1.2 and 1.3 alone, with strong ciphers, no compression and no Heartbleed (sslscan, %s)",
    async (security) => {
      const scanned = await startScanned();
      const starting = security === "explicit" ? ["--starttls-ftp"] : [];
      const found = await outputOf(await program("sslscan"), [
        "--no-colour",
        "--xml=-",
        ...starting,
        scanned[security],
      ]);
      const protocols = [...found.matchAll(/<protocol type="(\w+)" version="([\d.]+)" enabled="1"/g)];
      expect(protocols.map(([, type = "", version = ""]) => `${type} ${version}`)).toEqual(["tls 1.2", "tls 1.3"]);
      const strengths = [...found.matchAll(/<cipher status="\w+" [^>]*bits="(\d+)"/g)].map(([, bits]) => Number(bits));
      expect(strengths.length).toBeGreaterThan(3);
      expect(Math.min(...strengths)).toBeGreaterThanOrEqual(128);
      expect(found).not.toContain('<compression supported="1"');
      expect(found).not.toMatch(/<heartbleed [^>]*vulnerable="1"/);
      expect(found).not.toMatch(/<renegotiation supported="1" secure="0"/);
      scanned.stop();
    },
    90_000,
  );

  test("has no finding above info but what its own certificate is blamed for (testssl.sh)", async (context) => {
    requireNone(await programObstacle("testssl"), context);
    const { explicit, stop } = await startScanned();
    const { path: testssl, env, root } = await program("testssl");
    const findings = temporaryFile("findings.json", "");
    // It asks for a program that looks names up, and needs none for an address.
    const bin = dirname(temporaryFile("host", "#!/bin/sh\nexit 1\n", 0o755));
    rmSync(findings);
    const options = ["--quiet", "--warnings", "batch", "--severity", "LOW", "--jsonfile", findings];
    const tests = ["-p", "-s", "-f", "-S", "-U"];
    await run([testssl, ...options, "--starttls", "ftp", ...tests, explicit], {
      env: {
        ...env,
        ...{ PATH: `${bin}:${process.env["PATH"] ?? ""}`, OPENSSL: "/usr/bin/openssl" },
        TESTSSL_INSTALL_DIR: join(root, "etc/testssl"),
      },
      timeoutMs: 150_000,
    });
    const found = JSON.parse(readFileSync(findings, "utf8")) as { id: string; severity: string; finding: string }[];
    // WARN is what the scanner itself could not do; there is no DNS here.
    const own = /^(?:cert_chain_of_trust|cert_trust|cert_revocation|cert_subjectAltName|DNS_CAArecord)\b/;
    expect(found.filter(({ id, severity }) => severity !== "WARN" && !own.test(id))).toEqual([]);
    expect(found.map(({ id }) => id)).toContain("cert_chain_of_trust");
    stop();
  }, 180_000);

  test("renegotiates with nobody", async () => {
    const { implicit, stop } = await startScanned();
    const openssl = await program("openssl");
    const said = await outputOf(openssl, ["s_client", "-connect", implicit, "-tls1_2"], "R\n");
    expect(said).toMatch(/Protocol\s*: TLSv1.2/);
    expect(said).toContain("Compression: NONE");
    expect(said).toContain("RENEGOTIATING");
    expect(said).toMatch(
      /no renegotiation|handshake failure|unexpected message|ssl\/tls alert|write:errno|read:errno|unexpected eof/i,
    );
    stop();
  }, 60_000);

  test("speaks no version before 1.2", async () => {
    const { implicit, stop } = await startScanned();
    const openssl = await program("openssl");
    for (const version of ["-tls1", "-tls1_1"]) {
      const ciphers = ["-cipher", "ALL:@SECLEVEL=0"];
      const said = await outputOf(openssl, ["s_client", "-connect", implicit, version, ...ciphers]);
      expect(said).toMatch(/Cipher is \(NONE\)|Cipher\s*: 0000/);
    }
    stop();
  }, 60_000);
});
