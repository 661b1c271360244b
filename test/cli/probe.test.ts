// `ftp-alg probe` through gateways of a process of their own, on loopback.
import { expect, onTestFinished, test, vi } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";
import { startFtpServer } from "../../src/demo/ftp-server.ts";
import { adminOf } from "../../src/cli/probe.ts";
import { spawnGateway, temporaryFile } from "../gateway/spawned-gateway.ts";
import { freePort, setServer } from "../gateway/stage.ts";
import { makeCertificate } from "../tls/made-certificate.ts";
import { made } from "../tls/tls-peers.ts";
import { runCommand } from "./run-command.ts";

// A whole program is started.
vi.setConfig({ testTimeout: 20_000 });

/** A running gateway in front of a server with a file, and its configuration in a file. */
async function setProbed(gateway: object = {}, server = "") {
  const files = { "a.txt": Buffer.from("abc") };
  const ftp = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, files });
  onTestFinished(() => ftp.stop());
  const listen = `127.0.0.1:${await freePort()}`;
  const admin = { listen: `127.0.0.1:${await freePort()}` };
  const route = { server: server === "" ? `127.0.0.1:${ftp.endpoint.port}` : server };
  const gateways = [{ name: "one", listen, route, dataPlane: "relay", ...gateway }];
  const running = spawnGateway(gateways, { rest: { admin } });
  await running.logged("listening");
  const config = temporaryFile("config.yml", JSON.stringify({ admin, gateways }));
  return { ftp, listen, config, admin: `http://${admin.listen}` };
}

type Json = { ok: boolean; gateways: { modes: { mode: string; failure?: object; hops: { state: string }[] }[] }[] };

test("each mode is tried with each hop ok, a file goes up, comes back and is gone", async () => {
  const { config, ftp } = await setProbed();
  const { code, out, err } = await runCommand(["probe", "-c", config, "--write", "."]);
  expect([code, err]).toEqual([0, ""]);
  for (const mode of ["PASV", "EPSV", "PORT", "EPRT"]) expect(out).toMatch(new RegExp(`^${mode}  ok +\\d`, "m"));
  expect(out.match(/^ {6}(client|server)-(control|data-in|data-out) +ok$/gm)?.length).toBe(16);
  expect(out.match(/upload [^]*?download [^]*?delete /g)?.length).toBe(4);
  expect(out).toMatch(/\n4 of 4 ok\.\n$/);
  expect([...ftp.files.keys()]).toEqual(["a.txt"]);
});

test("what fails is said as the probe saw it and as the gateway found it, and the exit code is 1", async () => {
  const { config } = await setProbed({ clientSide: { advertise: "192.0.2.99" } });
  const argv = ["probe", "-c", config, "--mode", "pasv", "--timeout", "1"];
  const { code, out } = await runCommand(argv);
  expect(code).toBe(1);
  expect(out).toMatch(/^ {6}client-data-in {2}FAILED$/m);
  expect(out).toMatch(/^ {6}seen +list: no connection to 192\.0\.2\.99:\d+ \(announced by/m);
  expect(out).toMatch(/^ {6}found +Nobody connected to 192\.0\.2\.99:/m);
  expect(out).toMatch(/^ {6}what to do +Open TCP from 127\.0\.0\.1/m);
  const { modes } = (JSON.parse((await runCommand([...argv, "--json"])).out) as Json).gateways[0] ?? { modes: [] };
  expect(modes).toMatchObject([
    { mode: "PASV", ok: false, failure: { step: "list", hop: "client-data-in", cause: "nobody-came" } },
  ]);
});

test("a server that is down is the gateway's hop to it", async () => {
  const { config } = await setProbed({ timeouts: { connect: "500ms" } }, `127.0.0.1:${await freePort()}`);
  const { code, out } = await runCommand(["probe", "-c", config, "--mode", "active", "--json"]);
  expect(code).toBe(1);
  const [mode] = (JSON.parse(out) as Json).gateways[0]?.modes ?? [];
  expect(mode).toMatchObject({ failure: { step: "greeting", hop: "server-control", cause: "refused" } });
  expect(mode?.hops.map(({ state }) => state)).toEqual(["ok", "failed", "not-tried", "not-tried"]);
});

test("a server that never connects is the hop from it to the gateway", async () => {
  const silent = await setServer({ LIST: (s) => s.say("150 Here it comes") });
  const { config } = await setProbed({ timeouts: { pinhole: "500ms" } }, `127.0.0.1:${silent.port}`);
  const { code, out } = await runCommand(["probe", "-c", config, "--mode", "port", "--timeout", "3", "--json"]);
  expect(code).toBe(1);
  const [mode] = (JSON.parse(out) as Json).gateways[0]?.modes ?? [];
  expect(mode).toMatchObject({ failure: { step: "list", hop: "server-data-in", cause: "nobody-came" } });
  expect(mode?.hops.map(({ state }) => state)).toEqual(["ok", "ok", "not-tried", "failed"]);
});

test("a gateway that forbids uploads is told apart and is no failure", async () => {
  const { config } = await setProbed({ policy: { readOnly: true } });
  const { code, out } = await runCommand(["probe", "-c", config, "--mode", "passive", "--write", "."]);
  expect(code).toBe(0);
  expect(out).toMatch(/^ {6}forbidden +STOR was answered 5\d\d /m);
});

test("without a configuration a probe connects where it is told, and says that the gateway was not asked", async () => {
  const { listen, admin } = await setProbed();
  const argv = ["probe", "--connect", listen, "--mode", "epsv"];
  const alone = await runCommand(argv);
  expect([alone.code, alone.err]).toEqual([0, ""]);
  expect(alone.out).toContain("server-data     ok");
  expect((await runCommand([...argv, "--admin", admin])).out).toContain("server-data-out ok");
  const nowhere = await runCommand(["probe", "--connect", `127.0.0.1:${await freePort()}`, "--mode", "epsv"]);
  expect(nowhere).toMatchObject({
    code: 1,
    err: "What the gateway itself found is not known: no --admin URL was given\n",
  });
  expect(nowhere.out).toMatch(/client-control {2}FAILED\n[^]*connect: no connection: refused/);
});

test("through a gateway that demands TLS each mode is private, and what is wrong with its certificate is said", async () => {
  const certificates = [{ cert: made.certFile, key: made.keyFile }];
  const tls = { certificates, require: "data", sessionReuse: "require" };
  const { config, listen } = await setProbed({ policy: { tls: "terminate" }, clientSide: { tls } });
  const all = await runCommand(["probe", "-c", config, "--write", "."]);
  expect([all.code, all.err]).toEqual([0, ""]);
  expect(all.out.match(/^ {6}tls +TLSv1\.3$/gm)?.length).toBe(4);
  const run = (...argv: string[]) => runCommand(["probe", "--mode", "epsv", ...argv]);
  const strange = await run("-c", config, "--tls-name", "ftp.example.org");
  expect(strange.code).toBe(1);
  expect(strange.out).toMatch(/^ {6}client-control {2}FAILED$/m);
  expect(strange.out).toMatch(/^ {6}seen +tls: no TLS on the control connection: the/m);
  expect(strange.out).toMatch(/not for\s+ftp\.example\.org/);
  const outside = (...argv: string[]) => run("--connect", listen, "--tls", "explicit", ...argv);
  expect((await outside()).out).toMatch(/the\s+certificate\s+is\s+signed\s+by\s+itself/);
  expect((await outside("--ca", made.certFile)).code).toBe(0);
  expect((await outside("--ca", makeCertificate().certFile, "--insecure")).code).toBe(0);
  expect((await run("--connect", listen)).out).toMatch(/login: the login of anonymous was\s+answered\s+530/);
  const implicit = await run("-c", config, "--tls", "implicit");
  expect([implicit.code, implicit.err]).toEqual([1, "error: gateway one has no listener for --tls implicit\n"]);
  expect((await run("-c", config, "--cert", "a.pem")).err).toContain("--cert and --key go together");
});

test("TLS that fails between gateway and server is that hop's, in the gateway's words", async () => {
  const { config } = await setProbed({
    policy: { tls: "terminate" },
    clientSide: { tls: { certificates: [{ cert: made.certFile, key: made.keyFile }], require: "login" } },
    serverSide: { tls: { mode: "required" } },
  });
  const { code, out } = await runCommand(["probe", "-c", config, "--mode", "pasv", "--json"]);
  expect(code).toBe(1);
  const [mode] = (JSON.parse(out) as Json).gateways[0]?.modes ?? [];
  expect(mode).toMatchObject({ failure: { hop: "server-control", cause: "tls-refused" } });
  expect(mode?.hops.map(({ state }) => state)).toEqual(["ok", "failed", "not-tried", "not-tried"]);
});

test("a login is that of the configuration, or what is given", async () => {
  const { config, listen } = await setProbed({ probe: { user: "watch", passwordFile: "/nowhere/password" } });
  const password = temporaryFile("password", "secret\n");
  const one = await runCommand(["probe", "-c", config, "--mode", "pasv"]);
  expect([one.code, one.err]).toEqual([1, "error: can't read the password from /nowhere/password: no such file\n"]);
  const argv = ["probe", "-c", config, "--mode", "pasv", "--password-file", password];
  expect((await runCommand(argv)).out).toContain(`one at ${listen}, as watch\n`);
  expect((await runCommand([...argv, "--user", "anna"])).out).toContain(`one at ${listen}, as anna\n`);
});

test("what can't be tried is said in words", async () => {
  const route = { login: { allow: ["127.0.0.0/8"] } };
  const gateways = [
    { name: "public", listen: "127.0.0.1:0", route: { server: "192.0.2.1" } },
    { name: "inner", listen: "127.0.0.1:1", route },
    { name: "lan", listen: "127.0.0.1:2", route: { transparent: {} } },
  ];
  const config = temporaryFile("config.yml", JSON.stringify({ gateways }));
  const errorOf = async (...argv: string[]) => {
    const { code, err } = await runCommand(["probe", "-c", config, ...argv]);
    expect(code).toBe(1);
    return err;
  };
  expect(await errorOf("--gateway", "pubic")).toBe("error: no gateway is called pubic; did you mean public?\n");
  expect(await errorOf("--gateway", "public")).toContain(
    "gateway public listens on any port; the configuration has no",
  );
  expect(await errorOf("--gateway", "inner")).toContain("takes the server from the login: --server HOST");
  expect(await errorOf("--gateway", "lan")).toContain("gateway lan intercepts: --server HOST");
  expect(await errorOf("--connect", "h")).toContain("--connect is for one gateway: --gateway says which");
  expect(await errorOf("--gateway", "public", "--connect", "[::1]:2", "--mode", "port")).toContain(
    "--mode port has no way to say an IPv6 address such as ::1",
  );
  expect((await runCommand(["probe"])).err).toContain("what shall be tried? --config FILE, or --connect HOST:PORT");
  expect((await runCommand(["probe", "-c", config, "--timeout", "0"])).code).toBe(2);
});

test("the admin listener is that of the configuration, by loopback where it listens everywhere", () => {
  const url = (listen: string) => {
    const parsed = parseConfig(
      `admin: { listen: "${listen}", open: true }\ngateways: [{ listen: ":21", route: { server: ftp } }]`,
    );
    return parsed.ok ? adminOf(parsed.config) : parsed.problems;
  };
  expect(["192.0.2.1:9", "0.0.0.0:9", "[::]:9", "127.0.0.1:0"].map(url)).toEqual([
    "http://192.0.2.1:9",
    "http://127.0.0.1:9",
    "http://[::1]:9",
    undefined,
  ]);
});
