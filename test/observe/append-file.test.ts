import { execFileSync } from "node:child_process";
import {
  createReadStream,
  lchownSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openAppendFile } from "../../src/observe/append-file.ts";

function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "ftp-alg-append-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function opened(file: string) {
  const failures: string[] = [];
  const dropped: number[] = [];
  const watch = { failed: (detail: string) => failures.push(detail), dropped: (count: number) => dropped.push(count) };
  const appended = await openAppendFile(file, watch);
  onTestFinished(() => appended.close());
  return { file: appended, failures, dropped, text: () => readFileSync(file, "utf8") };
}

function fifo(): string {
  const file = path.join(temporaryFolder(), "fifo");
  execFileSync("mkfifo", [file]);
  return file;
}

test("lines go behind what is there, soon and though no other follows", async () => {
  const name = path.join(temporaryFolder(), "log");
  writeFileSync(name, "before\n");
  const { file, text } = await opened(name);
  file.append("one\n");
  file.append("two\nthree\n");
  expect(text()).toBe("before\n");
  await expect.poll(text).toBe("before\none\ntwo\nthree\n");
});

test("a link of one's own is followed, as /dev/stdout is one", async () => {
  const folder = temporaryFolder();
  const [name, link] = [path.join(folder, "log"), path.join(folder, "link")];
  symlinkSync(name, link);
  const { file } = await opened(link);
  file.append("one\n");
  await expect.poll(() => readFileSync(name, "utf8")).toBe("one\n");
});

test("attack: a link that another user has made is not followed, neither at first nor when the file is opened anew", async (context) => {
  if (userInfo().uid !== 0) context.skip("only root makes links of others");
  const folder = temporaryFolder();
  const [victim, name] = [path.join(folder, "victim"), path.join(folder, "log")];
  writeFileSync(victim, "untouched\n");
  const { file, text } = await opened(name);
  file.append("one\n");
  await expect.poll(text).toBe("one\n");
  renameSync(name, `${name}.1`);
  symlinkSync(victim, name);
  lchownSync(name, 65_534, 65_534);
  await expect(file.reopen()).rejects.toThrow("it is a symbolic link that user 65534 has made");
  await expect(opened(name)).rejects.toThrow(`can't open ${name}: it is a symbolic link that user 65534 has made`);
  file.append("two\n");
  await expect.poll(() => readFileSync(`${name}.1`, "utf8")).toBe("one\ntwo\n");
  expect(readFileSync(victim, "utf8")).toBe("untouched\n");
});

test("a new file may be read by its group, and by nobody else", async () => {
  const name = path.join(temporaryFolder(), "log");
  await opened(name);
  expect(statSync(name).mode & 0o777).toBe(0o640);
});

test("much that comes at once is written in order, and a flush waits for it", async () => {
  const { file, text } = await opened(path.join(temporaryFolder(), "log"));
  const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n}\n`);
  for (const line of lines) file.append(line);
  await file.flush();
  expect(text()).toBe(lines.join(""));
});

test("a file that was renamed gets no more once its name is opened anew, and no line is lost or in both", async () => {
  const name = path.join(temporaryFolder(), "log");
  const { file, text } = await opened(name);
  file.append("first\n");
  await file.flush();
  renameSync(name, `${name}.1`);
  file.append("second\n");
  await file.flush();
  const reopened = file.reopen();
  for (let n = 0; n < 1000; n += 1) file.append(`line ${n}\n`);
  await reopened;
  file.append("last\n");
  await file.flush();
  expect(text()).toMatch(/last\n$/);
  const both = `${readFileSync(`${name}.1`, "utf8")}${text()}`.split("\n");
  expect(both.slice(0, 2)).toEqual(["first", "second"]);
  expect(both).toHaveLength(1004);
});

test("a name that can't be opened anew leaves the file that is open in use", async () => {
  const folder = path.join(temporaryFolder(), "logs");
  execFileSync("mkdir", [folder]);
  const { file } = await opened(path.join(folder, "log"));
  renameSync(folder, `${folder}.old`);
  await expect(file.reopen()).rejects.toThrow(`can't open ${folder}/log: ENOENT: no such file or directory`);
  file.append("still here\n");
  await file.flush();
  expect(readFileSync(path.join(`${folder}.old`, "log"), "utf8")).toBe("still here\n");
});

test("a file that can't be opened is an error that names it", async () => {
  const folder = temporaryFolder();
  await expect(opened(folder)).rejects.toThrow(`can't open ${folder}: EISDIR: illegal operation on a directory`);
});

test("a disk that is full is told, tried again, and holds up neither who writes nor who flushes", async () => {
  const { file, failures } = await opened("/dev/full");
  file.append("one\n");
  const begun = performance.now();
  await file.flush();
  expect(performance.now() - begun).toBeLessThan(500);
  expect(failures).toEqual(["ENOSPC: no space left on device"]);
  for (let n = 0; n < 20_000; n += 1) file.append("line\n");
  expect(failures).toHaveLength(1);
  await expect.poll(() => failures.length, { timeout: 3000 }).toBe(2);
});

test("limit: 4 MiB wait for a FIFO that nobody reads; the rest is dropped, and how much is told when somebody reads", async () => {
  const name = fifo();
  const { file, failures, dropped } = await opened(name);
  const line = `${"x".repeat(1023)}\n`;
  for (let n = 0; n < 5000; n += 1) file.append(line);
  const begun = performance.now();
  await file.flush();
  expect(performance.now() - begun).toBeGreaterThan(1500);
  expect(performance.now() - begun).toBeLessThan(3000);
  expect({ failures, dropped }).toEqual({ failures: [], dropped: [] });
  let bytes = 0;
  const reader = createReadStream(name).on("data", (chunk) => (bytes += chunk.length));
  onTestFinished(() => void reader.destroy());
  await expect.poll(() => bytes, { timeout: 5000 }).toBe(4 * 1024 * 1024);
  expect(dropped).toEqual([5000 - 4096]);
});
