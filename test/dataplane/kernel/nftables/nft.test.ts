// A program of that name stands first in the search path.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { nft } from "../../../../src/dataplane/kernel/nftables/nft.ts";

function programThat(script: string): void {
  const folder = mkdtempSync(path.join(tmpdir(), "ftp-alg-nft-"));
  const file = path.join(folder, "nft");
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"] ?? ""}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
}

test("arguments and input go in, what it prints comes out", async () => {
  programThat('echo "$@"; cat');
  expect(await nft(["-f", "-"], "table inet t\n")).toEqual({ ok: true, output: "-f -\ntable inet t\n" });
});

test("a failure is its first complaint, or its status where it has none", async () => {
  programThat('echo "Error: no such table" >&2; echo more >&2; exit 1');
  expect(await nft([])).toEqual({ ok: false, isMissing: false, detail: "Error: no such table" });
  programThat("exit 3");
  expect(await nft([])).toEqual({ ok: false, isMissing: false, detail: "nft ended with 3" });
});

test("a program that does not read its input is no harm", async () => {
  programThat("exec true");
  expect(await nft([], "x".repeat(1_000_000))).toEqual({ ok: true, output: "" });
});
