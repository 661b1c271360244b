// `node test/bench/shared-counts.ts [--greetings N]`: what `shared.redis` adds to a client's wait for its greeting, on loopback: the same
// gateway without it and with it, by turns, in front of the same server.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { startFakeServer } from "../gateway/fake-server.ts";
import { freePort } from "../gateway/stage.ts";
import { start, type Running } from "../lab/process.ts";
import { program } from "../lab/programs.ts";

const { values } = parseArgs({ options: { greetings: { type: "string", default: "2000" } } });
const greetings = Number(values.greetings);
const main = path.resolve(import.meta.dirname, "../../src/main.ts");

/** Milliseconds from the connection being asked for until the first bytes of the greeting. */
async function greet(port: number): Promise<number> {
  const from = performance.now();
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const [bytes] = (await once(socket, "data")) as [Buffer];
  const ms = performance.now() - from;
  if (!bytes.toString("latin1").startsWith("220")) throw new Error(bytes.toString("latin1"));
  socket.destroy();
  await once(socket, "close");
  return ms;
}

function quantile(sorted: readonly number[], share: number): string {
  return (sorted[Math.floor(share * (sorted.length - 1))] ?? NaN).toFixed(3);
}

async function startGateway(
  folder: string,
  name: string,
  serverPort: number,
  rest: object,
): Promise<[Running, number]> {
  const port = await freePort();
  const limits = { connectsPerSecond: { rate: 1_000_000 }, sessionsPerClient: 10_000 };
  const route = { server: `127.0.0.1:${serverPort}` };
  const gateway = { name: "public", listen: `127.0.0.1:${port}`, route, limits };
  const file = path.join(folder, `${name}.yml`);
  await writeFile(file, JSON.stringify({ gateways: [gateway], log: { level: "warn" }, ...rest }));
  const running = start([process.execPath, main, "run", "--config", file]);
  for (;;) {
    const isThere = await greet(port).catch(() => undefined);
    if (isThere !== undefined) return [running, port];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const folder = await mkdtemp(path.join(tmpdir(), "ftp-alg-bench-"));
const server = await startFakeServer();
const { path: binary, env } = await program("Redis");
const redisPort = await freePort();
const redis = start([binary, "--port", String(redisPort), "--bind", "127.0.0.1", "--save", "", "--dir", folder], {
  env,
});
const started: Running[] = [redis];
try {
  await redis.line(/Ready to accept connections/);
  const shared = { redis: `redis://127.0.0.1:${redisPort}`, timeout: "1s" };
  const [alone, alonePort] = await startGateway(folder, "alone", server.port, {});
  started.push(alone);
  const [sharing, sharingPort] = await startGateway(folder, "shared", server.port, { shared });
  started.push(sharing);
  const ports = { alone: alonePort, shared: sharingPort };
  const taken: Record<keyof typeof ports, number[]> = { alone: [], shared: [] };
  const names = ["alone", "shared"] as const;
  for (let at = -200; at < greetings; at++) {
    for (const name of at % 2 === 0 ? names : names.toReversed()) {
      const ms = await greet(ports[name]);
      if (at >= 0) taken[name].push(ms);
    }
  }
  for (const name of names) {
    const sorted = taken[name].toSorted((one, other) => one - other);
    const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => quantile(sorted, share));
    console.log(
      `${name.padEnd(6)} connect to greeting: p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms (${sorted.length})`,
    );
  }
} finally {
  for (const one of started) one.kill("SIGKILL");
  server.stop();
  await rm(folder, { recursive: true, force: true });
}
