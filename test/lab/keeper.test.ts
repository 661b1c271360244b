// What a lab leaves behind: nothing, whatever became of the process that made it.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone } from "./availability.ts";
import { labHome, labProcesses, labsPresent, sweep } from "./keeper.ts";
import { createLab } from "./lab.ts";
import { program } from "./programs.ts";

const obstacle = await obstacleTo("vsftpd", "python3");

beforeEach((context) => requireNone(obstacle, context));

// vsftpd keeps the half of a session that speaks to the client in a network namespace of its own.
const loggedIn = `
import ftplib, time
ftp = ftplib.FTP("10.0.0.5", "tester", "tested")
print("logged in")
time.sleep(1000)
`;
const python = obstacle === undefined ? (await program("python3")).path : "";

/** A process with a lab in which a server, its session and a client that never ends are running, told to `then`. */
async function owner(then: string): Promise<ChildProcess> {
  const script = `
    const { createLab } = await import(${JSON.stringify(path.join(import.meta.dirname, "lab.ts"))});
    const { startServer } = await import(${JSON.stringify(path.join(import.meta.dirname, "servers/server.ts"))});
    const lab = await createLab();
    await startServer(lab, "vsftpd");
    lab.start("client", ["sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1; done"]);
    const session = lab.start("client", [${JSON.stringify(python)}, "-u", "-c", ${JSON.stringify(loggedIn)}]);
    await session.line(/logged in/);
    console.log("ready");
    ${then}
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  started.push(child);
  if (child.stdout === null) throw new Error("unreachable");
  await once(child.stdout, "data");
  return child;
}

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

const namespacesOf = (lab: string): string[] => readdirSync("/run/netns").filter((name) => name.startsWith(`${lab}-`));

const processesOf = (lab: string): string[] => labProcesses().get(lab) ?? [];

const remains = (lab: string): string[] => [
  ...namespacesOf(lab),
  ...processesOf(lab),
  ...(existsSync(path.join(labHome(), lab)) ? [lab] : []),
];

async function expectNothing(lab: string): Promise<void> {
  for (let waited = 0; remains(lab).length > 0 && waited < 5000; waited += 50) await sleep(50);
  expect(remains(lab)).toEqual([]);
}

async function onlyLab(child: ChildProcess): Promise<string> {
  const [lab, ...others] = await labsPresent(child.pid);
  expect(others).toEqual([]);
  return lab ?? "none";
}

describe("a lab leaves no namespace, process or file", () => {
  test("after it was removed in good order", async () => {
    const lab = await createLab();
    lab.start("client", ["sleep", "1000"]);
    expect(namespacesOf(lab.name)).toHaveLength(3);
    await lab.remove();
    expect(remains(lab.name)).toEqual([]);
  }, 30_000);

  test("after its owner ended without removing it", async () => {
    const child = await owner("await new Promise((resolve) => setTimeout(resolve, 500)); process.exit(0);");
    const lab = await onlyLab(child);
    expect(namespacesOf(lab)).toHaveLength(3);
    await once(child, "exit");
    await expectNothing(lab);
  }, 30_000);

  test("after its owner threw", async () => {
    const child = await owner("await new Promise((resolve) => setTimeout(resolve, 500)); throw new Error('failed');");
    const lab = await onlyLab(child);
    await once(child, "exit");
    await expectNothing(lab);
  }, 30_000);

  for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
    test(`after ${signal} to its owner's process group`, async () => {
      const child = await owner("setInterval(() => {}, 1000);");
      const lab = await onlyLab(child);
      expect(processesOf(lab).length).toBeGreaterThan(1);
      process.kill(-(child.pid ?? 0), signal);
      await expectNothing(lab);
    }, 30_000);
  }
});

describe("the sweeper", () => {
  test("removes what a killed keeper of a dead owner left, and nothing of a living one", async () => {
    const child = await owner("setInterval(() => {}, 1000);");
    const lab = await onlyLab(child);
    await sweep();
    expect(namespacesOf(lab)).toHaveLength(3);
    const keeper = processesOf(lab).find((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("ftpalg-keeper"),
    );
    process.kill(Number(keeper), "SIGKILL");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(namespacesOf(lab)).toHaveLength(3);
    await sweep();
    await expectNothing(lab);
  }, 30_000);
});
