// A gateway without a session lets its machine sleep.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { spawnGateway } from "../gateway/spawned-gateway.ts";

/** How often the threads of a process have gone to sleep, which they do once after each wake-up. */
function sleepsOf(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const counts = tasks.map((task) => {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, "utf8");
    return Number(/^voluntary_ctxt_switches:\s*(\d+)$/m.exec(status)?.[1]);
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

test.runIf(process.platform === "linux")(
  "an idle gateway with an admin listener wakes up less than ten times a second",
  { timeout: 30_000 },
  async () => {
    const gateway = spawnGateway([{ name: "idle", listen: ["127.0.0.1:0"], route: { server: "127.0.0.1:9" } }], {
      rest: { admin: { listen: "127.0.0.1:0" } },
    });
    await gateway.logged("admin listening");
    // Until what the start has left to do is done: the quietest of some seconds counts. It has one or two.
    let perSecond = Infinity;
    for (let second = 0; second < 15 && perSecond >= 10; second += 1) {
      const before = sleepsOf(gateway.pid);
      await sleep(1000);
      perSecond = Math.min(perSecond, sleepsOf(gateway.pid) - before);
    }
    expect(perSecond).toBeLessThan(10);
  },
);
