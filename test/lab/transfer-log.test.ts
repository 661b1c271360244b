// The xferlog of a running gateway is read by a program that analyses the logs of FTP servers.
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { dialData, openDialogue, portOf, readAll } from "../gateway/ftp-dialogue.ts";
import { fileBody } from "../gateway/fake-server.ts";
import { spawnGateway } from "../gateway/spawned-gateway.ts";
import { setServer } from "../gateway/stage.ts";
import { programObstacle, requireNone } from "./availability.ts";
import { run } from "./process.ts";
import { program } from "./programs.ts";

// A program may have to be fetched first.
vi.setConfig({ testTimeout: 120_000 });

async function download(port: number, user: string, files: readonly string[]): Promise<void> {
  const client = await openDialogue(port);
  onTestFinished(() => client.close());
  await client.reply();
  await client.ask(`USER ${user}`);
  await client.ask("PASS p");
  for (const file of files) {
    const data = await dialData(portOf(await client.ask("PASV")));
    client.write(`RETR ${file}\r\n`);
    const { bytes } = await readAll(data);
    data.end();
    expect(bytes.equals(fileBody)).toBe(true);
    await client.reply();
    await client.reply();
  }
}

/** The rows of one of webalizer's tables, its columns by their names. */
async function table(folder: string, name: string): Promise<Record<string, string>[]> {
  const file = (await readdir(folder)).find((entry) => entry.startsWith(`${name}_`) && entry.endsWith(".tab"));
  const [head = [], ...rows] = (await readFile(path.join(folder, file ?? ""), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  return rows.map((row) => Object.fromEntries(row.map((cell, at) => [(head[at] ?? "").trim(), cell.trim()])));
}

test("webalizer counts the transfers of a gateway by file, user and client", async (context) => {
  requireNone(await programObstacle("webalizer"), context);
  const { path: webalizer, env } = await program("webalizer");
  const folder = await mkdtemp(path.join(tmpdir(), "ftp-alg-xferlog-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const xferlog = path.join(folder, "xferlog");
  const server = await setServer();
  const gateway = spawnGateway(
    [{ listen: ["127.0.0.1:0"], route: { server: `127.0.0.1:${server.port}` }, dataPlane: "relay" }],
    { rest: { log: { transfers: { file: xferlog, format: "xferlog" } } } },
  );
  const port = Number(
    String((await gateway.logged("listening"))["endpoint"])
      .split(":")
      .at(-1),
  );
  await download(port, "anna", ["/pub/a file.iso", "/pub/a file.iso", "/pub/b.txt"]);
  await download(port, "bert", ["/pub/b.txt"]);
  gateway.signal("SIGTERM");
  expect(await gateway.ended).toBe(0);

  const config = path.join(folder, "webalizer.conf");
  const dumps = ["URLs", "Users", "Sites"].map((what) => `Dump${what} yes\n`).join("");
  await writeFile(
    config,
    `LogType ftp\nHostName gateway\nIgnoreHist yes\nDumpPath ${folder}\nDumpHeader yes\n${dumps}`,
  );
  const finished = await run([webalizer, "-c", config, "-o", folder, xferlog], { env });
  expect(finished.status, finished.stderr.toString()).toBe(0);
  expect(finished.stdout.toString()).toMatch(/^4 records/m);
  const hits = async (name: string, key: string) =>
    Object.fromEntries((await table(folder, name)).map((row) => [row[key], Number(row["Hits"])]));
  expect(await hits("url", "URL")).toEqual({ "/pub/a_file.iso": 2, "/pub/b.txt": 2 });
  expect(await hits("user", "Username")).toEqual({ anna: 3, bert: 1 });
  expect(await hits("site", "Hostname")).toEqual({ "127.0.0.1": 4 });
});
