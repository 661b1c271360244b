// Files of the log: opened and changed as a configuration says, and by a process of its own what comes with signals and with full disks.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openLog } from "../../src/observe/log.ts";
import { createLogFiles } from "../../src/process/log-files.ts";
import { fileBody } from "../gateway/fake-server.ts";
import { dialData, openDialogue, portOf, readAll } from "../gateway/ftp-dialogue.ts";
import { spawnGateway } from "../gateway/spawned-gateway.ts";
import { freePort, setServer } from "../gateway/stage.ts";

// Each of the later ones starts a process of its own.
vi.setConfig({ testTimeout: 20_000 });

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "ftp-alg-log-files-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const messagesIn = (text: string): string[] =>
  text.split("\n").flatMap((line) => (line === "" ? [] : [(JSON.parse(line) as { msg: string }).msg]));
const read = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");

describe("files of the log", () => {
  const base = { level: "info", format: "json", debugFor: [] } as const;

  function setUp() {
    const folder = temporaryFolder();
    let output = "";
    const log = openLog(base, (line) => void (output += line));
    const files = createLogFiles(log);
    onTestFinished(() => files.close());
    return { folder, log, files, output: () => messagesIn(output) };
  }

  test("a reload changes where the log goes, once all of the change is certain", async () => {
    const { folder, log, files, output } = setUp();
    const [one, two] = [path.join(folder, "one"), path.join(folder, "two")];
    (await files.prepare({ ...base, file: one })).commit();
    log.logger.info("in one");
    const change = await files.prepare({ ...base, file: two });
    log.logger.info("still in one");
    change.commit();
    log.logger.info("in two");
    (await files.prepare({ ...base, file: two })).commit();
    (await files.prepare({ ...base, file: one })).rollback();
    log.logger.info("still in two");
    (await files.prepare(base)).commit();
    log.logger.info("on standard output");
    await expect.poll(() => messagesIn(read(one))).toEqual(["in one", "still in one"]);
    await expect.poll(() => messagesIn(read(two))).toEqual(["in two", "still in two"]);
    expect(output()).toEqual(["on standard output"]);
  });

  test("a file that can't be opened is an error that names its key, and the other one is not opened either", async () => {
    const { folder, log, files, output } = setUp();
    const wrong = { ...base, file: path.join(folder, "log"), transfers: { file: folder, format: "json" } } as const;
    await expect(files.prepare(wrong)).rejects.toThrow(`log.transfers.file: can't open ${folder}: EISDIR`);
    await expect(files.prepare({ ...base, file: `${folder}/no/log` })).rejects.toThrow(
      /^log\.file: can't open .*ENOENT/,
    );
    log.logger.info("where it was");
    expect(output()).toEqual(["where it was"]);
  });

  test("that the file of the log can't be written is said on standard output, once in a minute", async () => {
    const { log, files, output } = setUp();
    (await files.prepare({ ...base, file: "/dev/full" })).commit();
    log.logger.info("lost");
    await expect.poll(output).toEqual(["log file not written"]);
    log.logger.info("lost too");
    await new Promise((resolve) => setTimeout(resolve, 1300));
    expect(output()).toEqual(["log file not written"]);
  });

  test("a file that can't be opened anew is told, and written on", async () => {
    const { folder, log, files, output } = setUp();
    const logs = path.join(folder, "logs");
    mkdirSync(logs);
    (await files.prepare({ ...base, file: path.join(logs, "log") })).commit();
    renameSync(logs, `${logs}.old`);
    await files.reopen();
    log.logger.info("line");
    expect(output()).toEqual(["log file not opened anew"]);
    await expect.poll(() => messagesIn(read(path.join(`${logs}.old`, "log")))).toEqual(["line"]);
  });
});

async function gatewayWith(log: object) {
  const server = await setServer();
  const route = { server: `127.0.0.1:${server.port}` };
  const gateway = spawnGateway([{ name: "one", listen: ["127.0.0.1:0"], route, dataPlane: "relay" }], {
    rest: { log },
  });
  return gateway;
}

async function downloadAt(port: number, count = 1): Promise<void> {
  const client = await openDialogue(port);
  onTestFinished(() => client.close());
  await client.login();
  for (let n = 0; n < count; n += 1) {
    const data = await dialData(portOf(await client.ask("PASV")));
    client.write("RETR pub/a file.txt\r\n");
    const { bytes } = await readAll(data);
    data.end();
    expect(bytes.equals(fileBody)).toBe(true);
    expect(await client.reply()).toMatch(/^150 /);
    expect(await client.reply()).toMatch(/^226 /);
  }
}

const listenedAt = ({ endpoint }: Record<string, unknown>): number => Number(String(endpoint).split(":").at(-1));

describe("a gateway", () => {
  test("writes each transfer to the file, opens it anew on SIGUSR1, and writes the last ones before it ends", async () => {
    const file = path.join(temporaryFolder(), "xferlog");
    const gateway = await gatewayWith({ transfers: { file, format: "xferlog" } });
    const port = listenedAt(await gateway.logged("listening"));
    await downloadAt(port);
    const line = / 1 127\.0\.0\.1 10000 pub\/a_file\.txt a _ o r u ftp 0 \* c\n$/;
    await expect.poll(() => read(file)).toMatch(line);
    renameSync(file, `${file}.1`);
    gateway.signal("SIGUSR1");
    expect(await gateway.logged("log file opened anew")).toMatchObject({ level: "info", file });
    await downloadAt(port);
    gateway.signal("SIGTERM");
    expect(await gateway.ended).toBe(0);
    expect(read(file)).toMatch(line);
    expect(read(`${file}.1`)).toMatch(line);
  });

  test("with log.file says nothing on standard output, and everything in the file, the first and the last line too", async () => {
    const file = path.join(temporaryFolder(), "log");
    const gateway = await gatewayWith({ file });
    await expect.poll(() => messagesIn(read(file)), { timeout: 10_000 }).toContain("listening");
    const listening = read(file)
      .split("\n")
      .find((line) => line.includes('"listening"'));
    await downloadAt(listenedAt(JSON.parse(listening ?? "{}") as Record<string, unknown>));
    await expect.poll(() => messagesIn(read(file))).toContain("transfer ended");
    renameSync(file, `${file}.1`);
    gateway.signal("SIGUSR1");
    await expect.poll(() => messagesIn(read(file))).toContain("log file opened anew");
    gateway.signal("SIGTERM");
    expect(await gateway.ended).toBe(0);
    expect(messagesIn(read(file)).at(-1)).toBe("stopped");
    expect(gateway.lines()).toEqual([]);
  });

  test("does not start with a file that can't be opened, and says which key", async () => {
    const gateway = await gatewayWith({ transfers: { file: "/nonexistent/xferlog" } });
    const { detail } = await gateway.logged("could not start");
    expect(detail).toBe("log.transfers.file: can't open /nonexistent/xferlog: ENOENT: no such file or directory");
    expect(await gateway.ended).toBe(1);
  });

  test("goes on where the disk is full, says so once in a minute, and ends in time", async () => {
    const gateway = await gatewayWith({ transfers: { file: "/dev/full" } });
    await downloadAt(listenedAt(await gateway.logged("listening")), 20);
    const full = { level: "error", file: "/dev/full", detail: "ENOSPC: no space left on device" };
    expect(await gateway.logged("log file not written")).toMatchObject(full);
    await new Promise((resolve) => setTimeout(resolve, 1300));
    await downloadAt(listenedAt(await gateway.logged("listening")));
    gateway.signal("SIGTERM");
    expect(await gateway.ended).toBe(0);
    expect(gateway.lines().filter(({ msg }) => msg === "log file not written")).toHaveLength(1);
  });

  test("starts, serves and ends though its files are FIFOs that nobody reads", async () => {
    const folder = temporaryFolder();
    const fifos = ["log", "transfers"].map((name) => path.join(folder, name));
    execFileSync("mkfifo", fifos);
    const server = await setServer();
    const port = await freePort();
    const gateway = spawnGateway(
      [{ listen: [`127.0.0.1:${port}`], route: { server: `127.0.0.1:${server.port}` }, dataPlane: "relay" }],
      { rest: { log: { level: "trace", file: fifos[0], transfers: { file: fifos[1] } } } },
    );
    await vi.waitFor(() => downloadAt(port), { timeout: 10_000, interval: 100 });
    // More than a pipe holds.
    await downloadAt(port, 100);
    const begun = performance.now();
    gateway.signal("SIGTERM");
    expect(await gateway.ended).toBe(0);
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});
