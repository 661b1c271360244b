// The whole program as a process of its own, for what only a process has: inherited descriptors, missing libraries, rights.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export type SpawnedGateway = {
  /** Resolves with the first line of the log that has this message; rejects when the process ends before. */
  logged(message: string): Promise<Record<string, unknown>>;
  lines(): Record<string, unknown>[];
  readonly pid: number;
  /** Its configuration, changed in the file that a reload reads. */
  rewrite(change: (config: { gateways: Record<string, unknown>[] }) => void): void;
  signal(name: NodeJS.Signals): void;
  /** The exit code; null if a signal killed it. */
  readonly ended: Promise<number | null>;
};

export type SpawnOptions = {
  /** Of the configuration, beside the gateways. */
  readonly rest?: object;
  /** Put before the command of the gateway. */
  readonly by?: readonly string[];
  readonly nodeOptions?: readonly string[];
  /** Become descriptors 3 and up. */
  readonly descriptors?: readonly number[];
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
};

/** Written where whatever user the gateway runs as can read it; gone with the test. */
export function temporaryFile(name: string, text: string, mode = 0o644): string {
  const folder = mkdtempSync(path.join(tmpdir(), "ftp-alg-spawned-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, name);
  writeFileSync(file, text, { mode });
  return file;
}

export function spawnGateway(gateways: readonly object[], options: SpawnOptions = {}): SpawnedGateway {
  const config = temporaryFile("config.yml", JSON.stringify({ gateways, ...options.rest }));
  const { by = [], nodeOptions = [], descriptors = [], env = {} } = options;
  const command = [...by, process.execPath, ...nodeOptions, main, "run", "--config", config];
  const child = spawn(command[0] ?? "", command.slice(1), {
    stdio: ["ignore", "pipe", "inherit", ...descriptors],
    env: { ...process.env, RUNTIME_DIRECTORY: path.dirname(config), ...env },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  let hasEnded = false;
  let wake = (): void => {};
  child.stdout?.on("data", (chunk) => {
    text += String(chunk);
    wake();
  });
  const ended = new Promise<number | null>((resolve) =>
    child.on("close", (code) => {
      hasEnded = true;
      resolve(code);
      wake();
    }),
  );
  const lines = (): Record<string, unknown>[] =>
    text
      .slice(0, text.lastIndexOf("\n") + 1)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    async logged(message) {
      for (;;) {
        const found = lines().find(({ msg }) => msg === message);
        if (found !== undefined) return found;
        if (hasEnded) throw new Error(`the gateway ended without "${message}":\n${text}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    lines,
    pid: child.pid ?? 0,
    rewrite(change) {
      const now = JSON.parse(readFileSync(config, "utf8")) as { gateways: Record<string, unknown>[] };
      change(now);
      writeFileSync(config, JSON.stringify(now));
    },
    signal: (name) => void child.kill(name),
    ended,
  };
}
