// A process is replaced while transfers run in the kernel: their table goes with the process that has opened them, and not before.
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { Tally } from "../process/handover/load.ts";
import { obstacleTo, requireNone } from "./availability.ts";
import { fixedRoute } from "./gateway.ts";
import { createLab, labFile, type Lab } from "./lab.ts";
import type { Running } from "./process.ts";
import { addresses } from "./topology.ts";

const obstacle = await obstacleTo("nft");
const root = path.resolve(import.meta.dirname, "../..");
const node = (file: string, ...args: string[]): string[] => [process.execPath, path.join(root, file), ...args];

beforeEach((context) => requireNone(obstacle, context));

async function said(running: Running, text: string): Promise<void> {
  for (let waited = 0; !running.output().includes(text); waited += 50) {
    if (waited > 40_000) throw new Error(`nobody said ${text}:\n${running.output()}`);
    await sleep(50);
  }
}

async function tables(lab: Lab): Promise<string[]> {
  const { stdout } = await lab.run("edge", ["nft", "list", "tables", "inet"]);
  return stdout
    .toString()
    .split("\n")
    .filter((line) => line.startsWith("table inet ftp_alg"))
    .map((line) => line.slice("table inet ".length));
}

test("kernel transfers go on while the process is replaced five times, each with a table of its own that goes with it", async () => {
  const lab = await createLab();
  onTestFinished(() => lab.remove());
  const server = lab.start("server", node("test/process/handover/load-server.ts", addresses.server.IPv4, "21"));
  await said(server, "listening");
  const limits = { sessions: 500, sessionsPerClient: 500, pinholesPerClient: 500 };
  const route = fixedRoute("IPv4", { dataPlane: "kernel", limits, timeouts: { drain: "30s" } });
  const file = await labFile(lab, "handover.yaml", JSON.stringify({ log: { level: "debug" }, gateways: [route] }));
  const env = { RUNTIME_DIRECTORY: path.join(lab.folder, "run") };
  const start = (...args: string[]): Running =>
    lab.start("edge", node("src/main.ts", "run", "--config", file, ...args), { env });
  const processes = [start()];
  await said(processes[0]!, '"msg":"listening"');
  const client = lab.start(
    "client",
    node("test/process/handover/load-client.ts", addresses.edgeToClient.IPv4, "21", "50", "6"),
  );
  await sleep(1000);
  const seen: string[][] = [];
  for (let count = 0; count < 5; count += 1) {
    const next = start("--replace");
    await said(next, '"msg":"took over"');
    seen.push(await tables(lab));
    processes.push(next);
    // With one process fewer than there are generations a table is free again.
    if (count >= 2) await processes[count - 1]!.ended;
    await sleep(500);
  }
  client.kill("SIGTERM");
  await client.ended;
  const tally = JSON.parse(client.output().trim().split("\n").at(-1) ?? "") as Tally;
  expect(tally).toMatchObject({ refused: [], cut: [], wrong: [] });
  expect(tally.transfers).toBeGreaterThan(10);
  const lines = processes.flatMap((running) =>
    running
      .output()
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );
  const planes = lines.filter(({ msg }) => msg === "transfer started").map(({ plane }) => plane);
  expect(new Set(planes)).toEqual(new Set(["kernel"]));
  // Right after a hand-over both are there, with the one of the process before, if that still runs.
  expect(seen[0]).toEqual(expect.arrayContaining(["ftp_alg", "ftp_alg.2"]));
  const last = processes.pop()!;
  for (const running of processes) expect(await running.ended).toBe(0);
  const left = (await tables(lab)).filter((name) => !name.endsWith(".owner"));
  expect(left).toHaveLength(1);
  last.kill("SIGTERM");
  expect(await last.ended).toBe(0);
  expect(await tables(lab)).toEqual([]);
}, 180_000);
