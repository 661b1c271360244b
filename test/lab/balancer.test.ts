// Debian's HAProxy in front of a gateway, whose PROXY headers say who the clients are.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { startFtpServer } from "../../src/demo/ftp-server.ts";
import { formatEndpoint } from "../../src/net/endpoint.ts";
import { spawnGateway, temporaryFile } from "../gateway/spawned-gateway.ts";
import { freePort, until } from "../gateway/stage.ts";
import { programObstacle, requireNone } from "./availability.ts";
import { run, start } from "./process.ts";
import { program } from "./programs.ts";

// A program may have to be fetched first.
vi.setConfig({ testTimeout: 120_000 });

const obstacle = await programObstacle("HAProxy", "curl");
beforeEach((context) => requireNone(obstacle, context));

const client = "127.0.0.77";
const balancer = "127.0.0.5";

async function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => resolve(true)).on("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** HAProxy in front of `endpoint`, of which it looks ten times a second whether it is there. */
async function startBalancer(endpoint: string, option: string, more = ""): Promise<number> {
  const port = await freePort();
  const file = temporaryFile(
    "haproxy.cfg",
    `
defaults
  mode tcp
  unique-id-format %rt
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen ftp
  bind ${balancer}:${port}
  server gateway ${endpoint} ${option} check inter 100ms
${more}
`,
  );
  const haproxy = await program("HAProxy");
  const running = start([haproxy.path, "-db", "-f", file], { env: haproxy.env });
  onTestFinished(() => running.kill("SIGKILL"));
  await until(() => isListening(balancer, port), 10_000);
  // Some checks are to be over.
  await sleep(500);
  return port;
}

test.each([
  ["version 1", "send-proxy"],
  ["version 2", "send-proxy-v2"],
  ["version 2 with a checksum and a unique id", "send-proxy-v2 proxy-v2-options crc32c,unique-id"],
])("%s: curl downloads through balancer and gateway as itself, and health checks make no noise", async (_, option) => {
  const server = await startFtpServer({
    listen: { address: "127.0.0.1", port: 0 },
    files: { "readme.txt": Buffer.from("read me") },
  });
  onTestFinished(() => server.stop());
  const gateway = spawnGateway([
    {
      name: "balanced",
      listen: [{ endpoint: "127.0.0.1:0", proxyProtocol: { from: ["127.0.0.1"] } }],
      route: { server: formatEndpoint(server.endpoint) },
      clientSide: { advertise: "127.0.0.1" },
      dataPlane: "relay",
    },
  ]);
  const port = await startBalancer(String((await gateway.logged("listening"))["endpoint"]), option);
  const curl = await program("curl");
  const url = `ftp://anna:secret@${balancer}:${port}/readme.txt`;
  // What 227 says counts: the data connection does not lead to the balancer.
  const command = [
    curl.path,
    "--silent",
    "--show-error",
    "--interface",
    client,
    "--disable-epsv",
    "--no-ftp-skip-pasv-ip",
    url,
  ];
  const { status, stdout, stderr } = await run(command, { env: curl.env });
  expect(stderr.toString()).toBe("");
  expect([status, stdout.toString()]).toEqual([0, "read me"]);
  // The balancer was waited for by a connection of the test's own.
  const isTold = ({ msg, client: from }: Record<string, unknown>): boolean =>
    msg === "session refused" || (msg === "session started" && !String(from).startsWith("127.0.0.1:"));
  await until(() => gateway.lines().some(isTold));
  const told = gateway.lines().filter(isTold);
  expect(told).toMatchObject([{ msg: "session started", client: expect.stringMatching(/^127\.0\.0\.77:\d+$/) }]);
});

test.each(["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"])(
  "%s: curl uploads and downloads through a balancer that carries data connections too",
  async (option) => {
    const server = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, files: {} });
    onTestFinished(() => server.stop());
    const first = 19_100 + (process.pid % 80) * 10;
    const ports = `${first}-${first + 9}`;
    const gateway = spawnGateway([
      {
        name: "balanced",
        listen: [{ endpoint: "127.0.0.1:0", proxyProtocol: { from: ["127.0.0.1"] } }],
        route: { server: formatEndpoint(server.endpoint) },
        clientSide: { dataPorts: ports, dataProxyProtocol: true },
      },
    ]);
    // Without a port of the server's the balancer takes the one that it was connected to.
    const data = `listen data\n  bind ${balancer}:${ports}\n  server gateway 127.0.0.1 ${option}\n`;
    const port = await startBalancer(String((await gateway.logged("listening"))["endpoint"]), option, data);
    const curl = await program("curl");
    const content = "up and down again\n".repeat(50_000);
    const file = temporaryFile("up.txt", content);
    const url = `ftp://anna:secret@${balancer}:${port}/up.txt`;
    for (const how of [["--upload-file", file], [], ["--disable-epsv"]]) {
      const command = [curl.path, "--silent", "--show-error", "--interface", client, ...how, url];
      const { status, stdout, stderr } = await run(command, { env: curl.env });
      expect([status, stderr.toString()]).toEqual([0, ""]);
      if (how[0] !== "--upload-file") expect(stdout.toString()).toBe(content);
    }
    const ended = () => gateway.lines().filter(({ msg }) => msg === "transfer ended");
    await until(() => ended().length === 3);
    expect(ended()).toMatchObject([{ plane: "relay" }, { plane: "relay" }, { plane: "relay" }]);
  },
);

test.each(["v1", "v2"])(
  "%s: HAProxy behind a gateway, in front of a server, knows clients by their headers, and takes health checks for its own",
  async (proxyProtocol) => {
    const files = { "readme.txt": Buffer.from("read me") };
    const server = await startFtpServer({ listen: { address: "127.0.0.1", port: 0 }, files });
    onTestFinished(() => server.stop());
    const behind = await freePort();
    // LOCAL and UNKNOWN leave the address of whoever connects.
    const more = `
listen behind
  bind 127.0.0.1:${behind} accept-proxy
  tcp-request session reject if !{ src ${client} } !{ src 127.0.0.1 }
  server real ${formatEndpoint(server.endpoint)}
`;
    await startBalancer(formatEndpoint(server.endpoint), "", more);
    const login = { user: "anna", passwordFile: temporaryFile("password", "secret\n") };
    const gateway = spawnGateway([
      {
        name: "fronted",
        listen: ["127.0.0.1:0"],
        route: {
          servers: [{ server: `127.0.0.1:${behind}`, proxyProtocol, users: ["anna"] }],
          health: { every: "100ms", timeout: "5s", fall: 1, login, transfer: "list" },
        },
        dataPlane: "relay",
      },
    ]);
    const endpoint = String((await gateway.logged("listening"))["endpoint"]);
    // Some checks are to be over.
    await sleep(1000);
    const curl = await program("curl");
    const download = async (from: string) => {
      const url = `ftp://anna:secret@${endpoint}/readme.txt`;
      const command = [curl.path, "--silent", "--show-error", "--verbose", "--interface", from, url];
      const { status, stdout, stderr } = await run(command, { env: curl.env });
      return { status, out: stdout.toString(), log: stderr.toString() };
    };
    expect(await download(client)).toMatchObject({ status: 0, out: "read me" });
    expect(gateway.lines().filter(({ msg }) => msg === "server down")).toEqual([]);
    // Turned away by HAProxy for the address in the header: no server is left for it.
    const other = await download("127.0.0.78");
    expect(other.status).not.toBe(0);
    expect(other.log).toMatch(/^< 421 No server is available now/m);
  },
);
