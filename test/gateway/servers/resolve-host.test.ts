// Resolving a server's name: by the system, and never longer than allowed.
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { resolveHost } from "../../../src/gateway/servers/resolve-host.ts";
import type { Endpoint } from "../../../src/net/endpoint.ts";

function resolved(host: string, timeoutMs = 3000): Promise<readonly Endpoint[] | string> {
  return new Promise((resolve) => resolveHost({ host, port: 2121 }, timeoutMs, { resolved: resolve, failed: resolve }));
}

describe("a name", () => {
  test("is resolved by the system to endpoints, each with its own port", async () => {
    expect(await resolved("localhost")).toContainEqual({ address: "127.0.0.1", port: 2121 });
  });

  test("that does not exist is an error with the system's word", async () => {
    expect(await resolved("no-such-host.invalid")).toMatch(/^E[A-Z_]+$|timed out/);
  });

  test("that takes too long is given up", async () => {
    const answer = resolved("localhost", 1);
    // Timers come before whatever the system has answered meanwhile.
    for (const startedAt = performance.now(); performance.now() < startedAt + 20;);
    expect(await answer).toBe("timed out");
  });

  test("whose resolution is cancelled reports nothing", async () => {
    let reports = 0;
    const count = (): void => void (reports += 1);
    resolveHost({ host: "localhost", port: 21 }, 1000, { resolved: count, failed: count }).cancel();
    await sleep(100);
    expect(reports).toBe(0);
  });
});
