import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadSplicePlane } from "../../../src/dataplane/splice/splice.ts";
import { describeConformance } from "../conformance/conformance.ts";
import { loopbackHarness, userSpaceTraits } from "../conformance/loopback-harness.ts";
import { listenLeg, openPinhole, passiveTransfer, payload, received, sha1 } from "../loopback.ts";
import { spliceMissing } from "../planes.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

test("the suites over every plane ran over this one, or the machine has no koffi", () => {
  expect(spliceMissing ?? "koffi does not load").toContain("koffi does not load");
});

if (spliceMissing === undefined) {
  describeConformance({ plane: "splice", ...userSpaceTraits }, async () => {
    const loaded = loadSplicePlane({ fromBytes: 0 });
    if (!loaded.ok) throw new Error(loaded.reason);
    return await loopbackHarness(loaded.plane);
  });
}

test("it carries everything from the first byte to the last, whatever is relayed before the move", async () => {
  const loaded = loadSplicePlane();
  if (!loaded.ok) throw new Error(loaded.reason);
  const { plane } = loaded;
  const request = { client: listenLeg(), server: listenLeg(), expiryMs: 1000, connectMs: 1000, stallMs: 1000 };
  expect(plane.unfit(request)).toBeUndefined();
  expect(await openPinhole(plane, request).event("opened")).toMatchObject({ plane: "splice" });
  for (const size of [0, 100_000, 2 * 1024 * 1024, 9_000_000]) {
    const { client, server, event } = await passiveTransfer(plane);
    const data = payload(size);
    server.end(data);
    expect(await received(client)).toEqual({ bytes: size, sha1: sha1(data), end: "fin" });
    client.end();
    expect(await event("closed")).toMatchObject({ outcome: "complete", bytesDown: size });
  }
  await plane.stop();
});

test("where koffi is not installed it says so, and throws nothing", () => {
  const folder = mkdtempSync(join(tmpdir(), "ftp-alg-splice-"));
  try {
    cpSync(join(root, "src"), join(folder, "src"), { recursive: true });
    cpSync(join(root, "package.json"), join(folder, "package.json"));
    mkdirSync(join(folder, "node_modules"));
    cpSync(join(root, "node_modules/ipaddr.js"), join(folder, "node_modules/ipaddr.js"), { recursive: true });
    const program = `
      import { loadSplicePlane } from "./src/dataplane/splice/splice.ts";
      console.log(JSON.stringify(loadSplicePlane()));`;
    const options = { cwd: folder, encoding: "utf8" } as const;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], options);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({ ok: false, reason: expect.stringContaining("koffi does not load") as string });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
