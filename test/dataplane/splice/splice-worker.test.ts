// The thread's own program, in a process of its own: a thread that waits in the kernel must not keep a process from ending.
import { spawn } from "node:child_process";
import { describe, expect, test } from "vitest";

const source = new URL("../../../src/dataplane/", import.meta.url);

/** What a program prints, and its exit code. Each line of `body` may use `plane`, `ports` and `net`. */
function run(body: string): Promise<{ output: string; code: number | null }> {
  const program = `
    import net from "node:net";
    import { loadSplicePlane } from "${new URL("splice/splice.ts", source).href}";
    import { createSystemPool } from "${new URL("port-pool.ts", source).href}";
    const loaded = loadSplicePlane({ fromBytes: 0 });
    if (!loaded.ok) throw new Error(loaded.reason);
    const { plane } = loaded;
    const listen = { kind: "listen", bind: "127.0.0.1", ports: createSystemPool(),
      expect: { match: "any" } };
    const request = { client: listen, server: listen, expiryMs: 60_000, connectMs: 1000, stallMs: 60_000 };
    ${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => child.on("close", (code) => resolve({ output, code })));
}

/** Joins a transfer that moves bulk, and then stands still. */
const carrying = `
  const pinhole = plane.open(request, (event) => {
    console.log(event.kind);
    if (event.kind === "joined") pinhole.confirm();
    if (event.kind !== "opened") return;
    const server = net.connect(event.server.port, "127.0.0.1", () => server.write(Buffer.alloc(500_000)));
    const client = net.connect(event.client.port, "127.0.0.1");
    for (const peer of [client, server]) peer.on("error", () => {});
    let got = 0;
    client.on("data", (chunk) => { got += chunk.length; if (got === 500_000) carried(); });
  });`;

describe("the splice thread and its process", () => {
  test("an idle thread lets the process end by itself", async () => {
    const { output, code } = await run(`
      const pinhole = plane.open(request, ({ kind }) => { console.log(kind); if (kind === "opened") pinhole.release(); });`);
    expect([output, code]).toEqual(["opened\nclosed\n", 0]);
  });

  test("a thread that is carrying lets process.exit end the process", async () => {
    const { output, code } = await run(`function carried() { console.log("carried"); process.exit(7); } ${carrying}`);
    expect(output).toContain("carried");
    expect(code).toBe(7);
  });

  test("stop ends the thread, and with it the process", async () => {
    const { output, code } = await run(
      `function carried() { plane.stop().then(() => console.log("stopped")); } ${carrying}`,
    );
    expect(output.split("\n")).toEqual(["opened", "admitted", "admitted", "joined", "closed", "stopped", ""]);
    expect(code).toBe(0);
  });
});
