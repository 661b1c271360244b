import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { createLogger, openLog, withLevelOf } from "../../src/observe/log.ts";

const source = new URL("../../src/observe/log.ts", import.meta.url).href;

/** For Node: a program that has `createLogger` and `flushLog`. */
function evaluate(program: string): string[] {
  const imports = `import { createLogger, flushLog } from ${JSON.stringify(source)};`;
  return ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", imports + program];
}

function run(program: string) {
  return spawn(process.execPath, evaluate(program), { stdio: ["ignore", "pipe", "pipe"] });
}

test("a JSON line has the level's name, an ISO time, the fields and the message, and no machine's name", () => {
  const lines: string[] = [];
  createLogger({ level: "info", format: "json" }, (line) => lines.push(line)).info({ reason: "quit" }, "session ended");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /^\{"level":"info","time":"\d{4}-\d\d-\d\dT[\d:.]+Z","reason":"quit","msg":"session ended"\}\n$/,
  );
});

test.each(["json", "pretty"] as const)(
  "attack: no control character or mark of direction of a peer's text reaches who reads the log (%s)",
  (format) => {
    const lines: string[] = [];
    const logger = createLogger({ level: "debug", format }, (line) => lines.push(line));
    const said = "a\x1b[2J\r\n\x7f\x9b31m\x85\u202eb\u2066\u2028";
    logger.info({ user: said }, said);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
    if (format === "json") expect(JSON.parse(lines[0] ?? "")).toMatchObject({ user: said, msg: said });
  },
);

test("a pretty line begins with the session, then what happened and the fields", () => {
  const lines: string[] = [];
  const logger = createLogger({ level: "debug", format: "pretty" }, (line) => lines.push(line));
  logger.child({ session: "k3f9", gateway: "public" }).info({ client: "192.168.1.100:51020" }, "session started");
  logger.warn({ detail: "no such port", count: 3 }, "accept failed");
  expect(lines.map((line) => line.replace(/^\[[\d:.]+\] /, ""))).toEqual([
    "INFO: #k3f9 session started gateway=public client=192.168.1.100:51020\n",
    'WARN: accept failed detail="no such port" count=3\n',
  ]);
});

test("hostile: nothing that a peer chose acts on the terminal or begins a line of its own", () => {
  const lines: string[] = [];
  const logger = createLogger({ level: "info", format: "pretty" }, (line) => lines.push(line));
  logger.info({ user: "a\r\nINFO: forged \x1b[2J \x9b2J \x7f" }, "logged in");
  logger.info("S> 220 \x1b[2J\r\n\x9b");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/ S> 220 \\u001b\[2J\\u000d\\u000a\\u009b\n$/);
  expect(lines[0]).toContain(String.raw`user="a\r\nINFO: forged \u001b[2J \u009b2J \u007f"`);
  for (const line of lines) expect(line.trimEnd()).not.toMatch(/\p{Cc}/u);
});

test("what is below the level is not written", () => {
  const lines: string[] = [];
  const logger = createLogger({ level: "warn", format: "json" }, (line) => lines.push(line));
  logger.info("listening");
  expect(lines).toEqual([]);
  logger.level = "info";
  logger.info("listening");
  expect(lines).toHaveLength(1);
});

test("a log that changes its level changes that of children in use too, and its format for all lines", () => {
  const lines: string[] = [];
  const { logger, change } = openLog({ level: "info", format: "json" }, (line) => lines.push(line));
  const own = logger.child({ session: "k3f9x2a7" });
  const child = () => withLevelOf(logger, own);
  child().debug("not yet");
  change({ level: "debug", format: "pretty" });
  child().debug("command");
  logger.debug("so does the root");
  change({ level: "warn", format: "json" });
  child().info("no longer");
  expect(lines.map((line) => line.replace(/^\[[\d:.]+\] /, ""))).toEqual([
    "DEBUG: #k3f9x2a7 command\n",
    "DEBUG: so does the root\n",
  ]);
});

test("a child with a level of its own keeps it when the log changes its level", () => {
  const lines: string[] = [];
  const { logger, change } = openLog({ level: "info", format: "json" }, (line) => lines.push(line));
  const own = logger.child({ session: "k3f9x2a7" });
  withLevelOf(logger, own, "debug").debug("command");
  change({ level: "error", format: "json" });
  withLevelOf(logger, own, "debug").debug("reply");
  withLevelOf(logger, own).debug("not any more");
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(["command", "reply"]);
});

test.each(["json", "pretty"])("every %s line is on standard output when the process has exited", async (format) => {
  const child = run(`
    const logger = createLogger({ level: "info", format: "${format}" });
    for (let n = 0; n < 1000; n += 1) logger.info({ n }, "line");
    process.exit(3);
  `);
  const output = await text(child.stdout);
  expect(output.trimEnd().split("\n")).toHaveLength(1000);
});

test("a flushed log is written, whatever happens next", async () => {
  const child = run(`
    const logger = createLogger({ level: "info", format: "json" });
    for (let n = 0; n < 1000; n += 1) logger.info({ n }, "line");
    await flushLog(logger);
    process.kill(process.pid, "SIGKILL");
  `);
  expect((await text(child.stdout)).trimEnd().split("\n")).toHaveLength(1000);
});

test("a line is written within 100 ms though no other follows, also when it came while another was being written", async () => {
  const child = run(`
    const logger = createLogger({ level: "info", format: "json" });
    const pad = "x".repeat(200_000);
    setTimeout(() => {}, 60_000);
    // More than a pipe holds: it is still being written when the next one comes.
    logger.info({ pad }, "long");
    setTimeout(() => logger.info("second"), 200);
  `);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  let output = "";
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.includes('"second"')) break;
  }
  expect(output.trimEnd().split("\n")).toHaveLength(2);
  child.kill("SIGKILL");
});

test("a flush writes also what came while an earlier line was being written", async () => {
  const child = run(`
    const logger = createLogger({ level: "info", format: "json" });
    logger.info({ pad: "x".repeat(200_000) }, "long");
    setTimeout(async () => {
      logger.info("second");
      await flushLog(logger);
      process.kill(process.pid, "SIGKILL");
    }, 50);
  `);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((await text(child.stdout)).trimEnd().split("\n")).toHaveLength(2);
});

test("a reader of the log who does not read holds nothing up and gets every line later", async () => {
  const child = run(`
    const logger = createLogger({ level: "info", format: "json" });
    for (let n = 0; n < 20_000; n += 1) logger.info({ n }, "line");
    setTimeout(() => process.stderr.write("still here"), 1);
  `);
  const [word] = (await child.stderr.iterator().next()).value!.toString().split("\n");
  expect(word).toBe("still here");
  expect((await text(child.stdout)).trimEnd().split("\n")).toHaveLength(20_000);
});

test("limit: more than 4 MiB of unread log is dropped, and how many lines were is the line after them", async () => {
  const child = run(`
    const logger = createLogger({ level: "info", format: "json" });
    const pad = "x".repeat(100_000);
    for (let n = 0; n < 300; n += 1) logger.info({ n, pad }, "line");
    setTimeout(() => process.stderr.write("still here"), 1);
  `);
  await child.stderr.iterator().next();
  const lines = (await text(child.stdout))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { count?: number });
  const kept = lines.length - 1;
  expect(kept).toBeGreaterThan(30);
  expect(kept).toBeLessThan(60);
  expect(lines.at(-1)).toMatchObject({ level: "warn", count: 300 - kept, msg: "log lines dropped" });
});

test("flushing resolves also when nothing was logged, when whoever read the log is gone, and with a writer of one's own", async () => {
  const child = run(`
    const logger = createLogger({ level: "info", format: "json" });
    await flushLog(logger);
    process.stderr.write("flushed");
    await new Promise((resolve) => setTimeout(resolve, 50));
    logger.info("nobody reads this");
    await flushLog(logger);
    logger.info("nor this");
    await flushLog(logger);
    await flushLog(createLogger({ level: "info", format: "json" }, () => {}));
    process.stderr.write(", and again");
  `);
  child.stdout.destroy();
  expect(await text(child.stderr)).toBe("flushed, and again");
});

test("a disk that is full neither ends the process nor keeps it from its end", async () => {
  await using full = await open("/dev/full", "w");
  const program = evaluate(`
    const logger = createLogger({ level: "info", format: "json" });
    logger.info("first");
    await new Promise((resolve) => setTimeout(resolve, 300));
    logger.info("second");
    await flushLog(logger);
    logger.info("third");
    process.exitCode = 3;
  `);
  const child = spawn(process.execPath, program, { stdio: ["ignore", full.fd, "ignore"] });
  const killer = setTimeout(() => child.kill("SIGKILL"), 5000);
  expect(await once(child, "exit")).toEqual([3, null]);
  clearTimeout(killer);
});

test("a pipe that nobody reads holds up the end of the process for seconds at most", async () => {
  const child = run(`
    process.stdout.on("error", () => {});
    const logger = createLogger({ level: "info", format: "json" });
    for (let n = 0; n < 2000; n += 1) logger.info({ n, pad: "x".repeat(1000) }, "line");
    await flushLog(logger);
    process.exitCode = 3;
  `);
  const killer = setTimeout(() => child.kill("SIGKILL"), 8000);
  expect(await once(child, "exit")).toEqual([3, null]);
  clearTimeout(killer);
}, 10_000);

test("with the format journal each line is an entry with its fields; one that is not taken is a line with its priority", () => {
  const lines: string[] = [];
  const entries: string[] = [];
  let isTaken = true;
  const journal = { send: (entry: string) => isTaken && entries.push(entry) > 0 };
  const { logger, writeTo } = openLog({ level: "info", format: "journal" }, (line) => lines.push(line), journal);
  const session = logger.child({ session: "k3f9", gateway: "public" });
  session.warn({ bytesUp: 10, user: "a\nPRIORITY=0" }, "logged in");
  expect(entries).toEqual([
    [
      String.raw`MESSAGE=#k3f9 logged in gateway=public bytesUp=10 user="a\nPRIORITY=0"`,
      ...["PRIORITY=4", "SYSLOG_IDENTIFIER=ftp-alg", "FTP_ALG_SESSION=k3f9", "FTP_ALG_GATEWAY=public"],
      ...["FTP_ALG_BYTES_UP=10", String.raw`FTP_ALG_USER=a\u000aPRIORITY=0`, ""],
    ].join("\n"),
  ]);
  expect(lines).toEqual([]);
  isTaken = false;
  session.error("full");
  expect(lines).toEqual([expect.stringMatching(/^<3>\[.*ERROR: #k3f9 full gateway=public\n$/)]);
  isTaken = true;
  const inFile: string[] = [];
  writeTo({ append: (line) => void inFile.push(line), flush: async () => {} });
  session.info("beside it");
  expect([entries.length, inFile]).toEqual([1, [expect.stringMatching(/^\[.*INFO: #k3f9 beside it/)]]);
});

test("a line for systemd's journal begins with its priority, a child's too, in either format of lines", () => {
  const lines: string[] = [];
  const journal = { send: () => false };
  const { logger, change } = openLog({ level: "trace", format: "json" }, (line) => lines.push(line), journal);
  for (const level of ["trace", "debug", "info", "warn", "error", "fatal"] as const) logger[level]("said");
  logger.child({ session: "k3f9" }).warn("of a session");
  change({ level: "info", format: "pretty" });
  logger.error("for people");
  expect(lines.map((line) => line.slice(0, 4))).toEqual([
    ...["<7>{", "<7>{", "<6>{", "<4>{", "<3>{", "<2>{", "<4>{"],
    expect.stringMatching(/^<3>./),
  ]);
  expect(lines.every((line) => line.indexOf("\n") === line.length - 1)).toBe(true);
});
