import { execFile } from "node:child_process";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { promisify } from "node:util";
import { Client } from "basic-ftp";
import { expect, test } from "vitest";
import { demo } from "../../src/demo/demo.ts";
import { demoPassword } from "../../src/demo/sessions.ts";

const main = join(import.meta.dirname, "..", "..", "src", "main.ts");
const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));
const transfers = hasIPv6 ? 14 : 10;

/** An Io whose output is kept, and a way to wait for a part of it. */
function recording() {
  const stop = new AbortController();
  let text = "";
  const waiting: { pattern: RegExp; resolve: (match: RegExpExecArray) => void }[] = [];
  const out = (more: string): void => {
    text += more;
    for (const [index, { pattern, resolve }] of [...waiting.entries()].toReversed()) {
      const match = pattern.exec(text);
      if (!match) continue;
      waiting.splice(index, 1);
      resolve(match);
    }
  };
  const until = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve) => {
      waiting.push({ pattern, resolve });
      out("");
    });
  return { io: { out, stop: stop.signal }, stop: () => stop.abort(), until, text: () => text };
}

test("the demonstration verifies every transfer in every mode, as its own process that ends by itself", async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, "demo"], { timeout: 15_000 });
  expect(stderr).toBe("");
  expect(stdout.trimEnd().split("\n").at(-1)).toBe(`${transfers} transfers, ${transfers} verified`);
}, 20_000);

test("the ladders show what was announced, and what it was rewritten to", async () => {
  const { io, text } = recording();
  expect(await demo({ stay: false }, io)).toBe(0);
  const ladders = text();
  expect(ladders).toMatch(/│◀── 227 Entering Passive Mode \(192,168,77,5,\d+,\d+\) ─+│/);
  expect(ladders).toMatch(/│◀── 227 Entering Passive Mode \(127,0,0,1,\d+,\d+\) ─+│/);
  expect(ladders).toMatch(/│── PORT 192,168,1,100,\d+,\d+ ─+▶│/);
  expect(ladders).toMatch(/│── PORT 127,0,0,1,\d+,\d+ ─+▶│/);
  expect(ladders).toMatch(/│── EPRT \|1\|192\.168\.1\.100\|\d+\| ─+▶│/);
  expect(ladders).toMatch(/│── EPRT \|1\|127\.0\.0\.1\|\d+\| ─+▶│/);
  expect(ladders).toMatch(/229 Entering Extended Passive Mode \(\|\|\|\d+\|\)/);
  expect(ladders).toMatch(/│┄┄ TLS 1\.[23] ┄+▷│/);
  expect(ladders).toMatch(/│┄┄ TLS 1\.[23], resumed ┄+▷│/);
  expect(ladders).not.toContain(demoPassword);
});

test("the metrics that moved count what was shown", async () => {
  const { io, text } = recording();
  await demo({ stay: false }, io);
  expect(text()).toContain(`ftp_alg_sessions_total{gateway="demo",end="quit"} 0 → ${transfers / 2}\n`);
  expect(text()).toContain('ftp_alg_translations_total{gateway="demo",from="PORT",to="PORT"} 0 → 2\n');
  expect(text()).toContain('ftp_alg_translations_total{gateway="demo",from="PASV",to="PASV"} 0 → 2\n');
  expect(text()).not.toMatch(/refusals_total|NaN/);
});

test("with --stay the gateway serves at the endpoint it names, draws each session, and ends when told to", async () => {
  const { io, stop, until } = recording();
  const exitCode = demo({ stay: true }, io);
  const [, address, port] = await until(/curl ftp:\/\/([\d.]+):(\d+)\/readme\.txt/);
  const [, page] = await until(/In a browser: (http:\S+)/);
  expect(await (await fetch(`${page}metrics`)).text()).toContain("ftp_alg_sessions_total");

  const client = new Client(5000);
  await client.access({ host: address!, port: Number(port), user: "anna", password: "hunter2" });
  const chunks: Buffer[] = [];
  const into = new Writable({ write: (chunk: Buffer, _encoding, next) => (chunks.push(chunk), next()) });
  await client.downloadTo(into, "readme.txt");
  await client.send("QUIT");
  client.close();
  expect(Buffer.concat(chunks).toString()).toBe("Fetched through the gateway.\n");
  const [drawn] = await until(/Ctrl-C ends[^]*USER anna[^]*session ends: quit/);
  expect(drawn).not.toContain("hunter2");

  stop();
  expect(await exitCode).toBe(0);
  await expect(fetch(page!)).rejects.toThrow();
});

test("a demonstration that is stopped before it has shown anything has failed", async () => {
  const { io, stop, text } = recording();
  stop();
  expect(await demo({ stay: true }, io)).toBe(1);
  expect(text()).toContain("0 transfers, 0 verified");
});
