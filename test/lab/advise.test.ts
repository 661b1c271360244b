// The command lines that `ftp-alg advise` prints, typed as they stand there, through a gateway that is running.
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { formatAdvice } from "../../src/cli/advise.ts";
import type { Config } from "../../src/config/config.ts";
import { configFrom } from "../../src/config/parse.ts";
import { startFtpServer } from "../../src/demo/ftp-server.ts";
import { type Endpoint, formatEndpoint } from "../../src/net/endpoint.ts";
import { spawnGateway, temporaryFile } from "../gateway/spawned-gateway.ts";
import { programObstacle, requireNone } from "./availability.ts";
import { program } from "./programs.ts";

// A whole program is started, and a client may have to be fetched.
vi.setConfig({ testTimeout: 120_000 });

const run = promisify(execFile);
const anyPort = { address: "127.0.0.1", port: 0 };
// Root alone has it, as the lab has; another port could not stand in the login as it is printed.
const loopbackServer = { address: "127.0.7.21", port: 21 };

function configOf(gateway: object): Config {
  const parsed = configFrom({ gateways: [gateway] });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

/** Runs every printed command line of the client through a gateway that is there; `files` are the server's then. */
async function runPrinted(client: "curl" | "lftp", listen: Endpoint, route: (server: string) => object) {
  const server = await startFtpServer({ listen, files: { "readme.txt": Buffer.from("read me") } });
  onTestFinished(() => server.stop());
  const gateway = {
    name: "one",
    listen: ["127.0.0.1:0"],
    route: route(formatEndpoint(server.endpoint)),
    dataPlane: "relay",
  };
  const endpoint = String((await spawnGateway([gateway]).logged("listening"))["endpoint"]);
  const advice = formatAdvice(configOf({ ...gateway, listen: [endpoint] }), []);
  const lines = advice.split("\n").filter((line) => line.trim().startsWith(`${client} `));
  const found = await program(client);
  const folders = [path.dirname(found.path), process.env["PATH"]].join(path.delimiter);
  const environment = { ...process.env, ...found.env, PATH: folders };
  // Where the program would ask for the password, the test has nobody to type it.
  const password = client === "lftp" ? ",secret" : ":secret";
  for (const line of lines) {
    const typed = line
      .replace("@ftp.example.com", `@${listen.address}`)
      .replace(/NAME(@[\d.]+)?/, (name) => name.replace("NAME", "anna") + password)
      .replace("FILE", temporaryFile("upload.txt", "up"));
    const { stdout } = await run("bash", ["-c", typed.trim()], { env: environment });
    if (!line.includes("--upload-file")) expect(stdout, typed).toContain("readme.txt");
  }
  return { ran: lines.length, files: [...server.files.keys()] };
}

describe.each(["curl", "lftp"] as const)("the command lines for %s", (client) => {
  test("work through a gateway with one server, in passive and active mode, up and down", async (context) => {
    requireNone(await programObstacle(client), context);
    const { ran, files } = await runPrinted(client, anyPort, (server) => ({ server }));
    expect(ran).toBe(client === "curl" ? 3 : 2);
    if (client === "curl") expect(files).toContain("upload.txt");
  });

  test("work through a gateway that reads the server from the login", async (context) => {
    requireNone(await programObstacle(client), context);
    requireNone(process.getuid?.() === 0 ? undefined : "only root may listen on port 21", context);
    const { ran } = await runPrinted(client, loopbackServer, () => ({ login: { allow: ["127.0.0.0/8"] } }));
    expect(ran).toBe(1);
  });
});
