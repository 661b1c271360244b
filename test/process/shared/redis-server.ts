// A real Redis for a test, on loopback, gone when the test is over; and a look into what it holds.
import { createClient } from "@redis/client";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { programObstacle } from "../../lab/availability.ts";
import { start, type Running } from "../../lab/process.ts";
import { program } from "../../lab/programs.ts";
import { freePort } from "../../gateway/stage.ts";

export const redisObstacle = await programObstacle("Redis");

export type RedisServer = {
  readonly port: number;
  readonly url: string;
  /** Stops it where it is: connections stay, nothing is answered. */
  freeze(): void;
  thaw(): void;
  /** Ends it at once; what it held is lost. */
  kill(): Promise<void>;
  /** Again at the same port, empty. */
  restart(): Promise<void>;
  /** One command, as it is typed. */
  ask(...command: readonly string[]): Promise<unknown>;
};

/** `options`: as they stand in redis.conf; with a certificate it speaks TLS alone. */
export async function setRedis(options: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const { path: binary, env } = await program("Redis");
  const port = await freePort();
  const folder = await mkdtemp(path.join(tmpdir(), "redis-"));
  const isTls = options["tls-cert-file"] !== undefined;
  const endpoint = { bind: "127.0.0.1", port: isTls ? "0" : String(port), ...(isTls && { "tls-port": String(port) }) };
  const settings = { ...endpoint, save: "", appendonly: "no", dir: folder, ...options };
  const command = [binary, ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value])];
  let running: Running | undefined;
  const restart = async (): Promise<void> => {
    running = start(command, { env });
    await running.line(/Ready to accept connections/);
  };
  const kill = async (): Promise<void> => {
    running?.kill("SIGKILL");
    await running?.ended;
  };
  onTestFinished(async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  });
  await restart();
  const password = options["requirepass"];
  const url = `redis://${password === undefined ? "" : `:${password}@`}127.0.0.1:${port}/0`;
  return {
    port,
    url,
    freeze: () => running?.kill("SIGSTOP"),
    thaw: () => running?.kill("SIGCONT"),
    kill,
    restart,
    async ask(...given) {
      const client = await createClient({ url }).connect();
      try {
        return await client.sendCommand([...given]);
      } finally {
        client.destroy();
      }
    },
  };
}
