// What a peer reads when its leg is closed by somebody who knows nothing of files: the kernel, libuv, a careless line.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { closeLeg, endLeg, guard } from "../../../src/dataplane/userspace/leg-guard.ts";
import { dialledPeer, listeningPeer, received } from "../loopback.ts";

async function guarded() {
  const { endpoint, accepted } = await listeningPeer();
  const leg = await dialledPeer(endpoint);
  guard(leg);
  return { leg, peer: await accepted };
}

describe("a guarded leg", () => {
  test("is reset by a plain close", async () => {
    const { leg, peer } = await guarded();
    leg.write("a part");
    await new Promise((resolve) => peer.once("readable", resolve));
    leg.destroy();
    expect((await received(peer)).end).toBe("reset");
  });

  test("that is closed in order is not", async () => {
    const { leg, peer } = await guarded();
    leg.write("all");
    closeLeg(leg);
    expect(await received(peer)).toMatchObject({ bytes: 3, end: "fin" });
    peer.destroy();
  });

  test("that has been given its end keeps what the kernel has for a slow peer when it is closed", async () => {
    const { leg, peer } = await guarded();
    leg.write(Buffer.alloc(500_000));
    endLeg(leg);
    await new Promise((resolve) => leg.once("finish", resolve));
    leg.destroy();
    expect(await received(peer)).toMatchObject({ bytes: 500_000, end: "fin" });
    peer.destroy();
  });
});

test("a peer for whom no descriptor is left is reset, and reads no end of an empty file", async () => {
  const legs = new URL("../../../src/dataplane/userspace/listening-leg.ts", import.meta.url).href;
  const pools = new URL("../../../src/dataplane/port-pool.ts", import.meta.url).href;
  const program = `
    const { openSync } = await import("node:fs");
    const { openListeningLeg } = await import(${JSON.stringify(legs)});
    const { createSystemPool } = await import(${JSON.stringify(pools)});
    const ports = createSystemPool();
    const nothing = () => {};
    const leg = { kind: "listen", bind: "127.0.0.1", ports, expect: { match: "any" } };
    openListeningLeg(leg, {
      opened({ port }) {
        process.stdout.write(port + "\\n");
        try { for (;;) openSync("/dev/null"); } catch {}
      },
      refused: nothing, stranger: nothing, admitted: nothing,
    });`;
  const limited = ["-c", 'ulimit -n 64 && exec "$@"', "sh"];
  const child = spawn("sh", [...limited, process.execPath, "--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const port = await new Promise<number>((resolve) => child.stdout.once("data", (text) => resolve(Number(text))));
    // The reset may meet the connection attempt itself.
    expect((await received(connect(port, "127.0.0.1"))).end).toBe("reset");
  } finally {
    child.kill("SIGKILL");
  }
}, 20_000);
