// A session of FileZilla, as a program of its own in the client's namespace: its window on a display that nobody sees, its queue filled
// beforehand and begun by a key.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import type { Step, VisitTls } from "./client.ts";

type Told = {
  /** The folder that holds its `usr`. */
  readonly root: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly steps: readonly Step[];
  readonly tls: VisitTls;
};

const told = JSON.parse(Buffer.from(process.argv[2] ?? "", "base64").toString()) as Told;
const folder = process.cwd();
const home = path.join(folder, "filezilla");
const settings = path.join(home, ".config/filezilla");
const logFile = path.join(folder, "filezilla.log");

const options = {
  // No window greets, and none asks about updates.
  ...{ "Greeting version": "99.0.0", "Update Check": "0" },
  ...{ "Logging file": logFile, "Number of Transfers": "1", "Reconnect count": "0" },
  ...{ "Passive mode fallback": "0", Timeout: "10" },
};

const settingsXml = (): string => {
  const lines = Object.entries(options).map(([name, value]) => `<Setting name="${name}">${value}</Setting>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<FileZilla3><Settings>\n${lines.join("\n")}\n</Settings></FileZilla3>\n`;
};

/** As FileZilla 3.63 makes them. */
const schema = `
CREATE TABLE servers (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, host TEXT NOT NULL, port INTEGER, user TEXT, password TEXT,
  account TEXT, keyfile TEXT, protocol INTEGER, type INTEGER, logontype INTEGER, timezone_offset INTEGER, transfer_mode TEXT,
  max_connections INTEGER, encoding TEXT, bypass_proxy INTEGER, post_login_commands TEXT, name TEXT, parameters TEXT,
  site_path TEXT DEFAULT NULL);
CREATE TABLE local_paths (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, path TEXT NOT NULL);
CREATE TABLE remote_paths (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, path TEXT NOT NULL);
CREATE TABLE files (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, server INTEGER NOT NULL, source_file TEXT, target_file TEXT,
  local_path INTEGER, remote_path INTEGER, size INTEGER, error_count INTEGER, priority INTEGER, flags INTEGER,
  default_exists_action INTEGER, extra_flags TEXT);
CREATE INDEX server_index ON files (server);
`;

const protocols = { implicit: 3, explicit: 4 } as const;
const isDownload = 16;
const overwrite = 1;
const resume = 5;

/** How many files were put into the queue. */
function fillQueue(): number {
  const queue = new DatabaseSync(path.join(settings, "queue.sqlite3"));
  queue.exec(`${schema} PRAGMA user_version = 7;`);
  queue
    .prepare(
      `INSERT INTO servers (id, host, port, user, password, account, protocol, type, logontype, timezone_offset, transfer_mode,
         max_connections, encoding, bypass_proxy) VALUES (1, ?, ?, ?, ?, '', ?, 0, 1, 0, 'default', 0, 'Auto', 0)`,
    )
    .run(told.host, told.port, told.user, told.password, protocols[told.tls.security]);
  queue.prepare("INSERT INTO local_paths (id, path) VALUES (1, ?)").run(`${folder}/`);
  queue.exec("INSERT INTO remote_paths (id, path) VALUES (1, '1 0')");
  const add = queue.prepare(
    `INSERT INTO files (server, source_file, target_file, local_path, remote_path, size, error_count, priority, flags,
       default_exists_action) VALUES (1, ?, ?, 1, 1, ?, 0, 2, ?, ?)`,
  );
  let count = 0;
  for (const step of told.steps) {
    if (step.kind === "download" || step.kind === "resume") {
      add.run(step.remote, step.local, -1, isDownload, step.kind === "resume" ? resume : overwrite);
    } else if (step.kind === "upload") {
      add.run(step.local, step.remote, statSync(path.join(folder, step.local)).size, 0, overwrite);
    } else continue;
    count += 1;
  }
  queue.close();
  return count;
}

const started: ChildProcess[] = [];

function start(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdio: "ignore" | "pipe",
): ChildProcess {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", stdio, "inherit"] });
  started.push(child);
  return child;
}

/** Gives its name, `:5`. */
async function startDisplay(): Promise<string> {
  const args = ["-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-terminate"];
  const [line] = (await once(start("Xvfb", args, {}, "pipe").stdout ?? process.stdin, "data")) as [Buffer];
  return `:${line.toString().trim()}`;
}

/** In the window with that title, when it is there. */
async function press(display: string, title: string, key: string): Promise<void> {
  const args = ["search", "--sync", "--onlyvisible", "--name", title, "windowfocus", "key", key];
  await once(start("xdotool", args, { DISPLAY: display }, "ignore"), "close");
}

const log = (): string => (existsSync(logFile) ? readFileSync(logFile, "utf8") : "");
const over = /File transfer (?:successful|failed|skipped)|[Cc]ritical (?:file transfer )?error|Could not connect/g;

try {
  mkdirSync(settings, { recursive: true });
  writeFileSync(path.join(settings, "filezilla.xml"), settingsXml());
  const files = fillQueue();
  const priorities = path.join(home, "gnutls.conf");
  const other = told.tls.version === "TLSv1.3" ? "tls1.2" : "tls1.3";
  writeFileSync(priorities, `[overrides]\ndisabled-version = ${other}\n`);
  const display = await startDisplay();
  const env = { HOME: home, DISPLAY: display, GNUTLS_SYSTEM_PRIORITY_FILE: priorities, NO_AT_BRIDGE: "1" };
  start("filezilla", [], { ...env, FZ_DATADIR: path.join(told.root, "usr/share/filezilla") }, "ignore");
  await press(display, "FileZilla", "ctrl+p");
  // It asks about every certificate whose name is an address.
  void press(display, "Unknown certificate", "Return");
  for (let waited = 0; waited < 30_000 && (log().match(over) ?? []).length < files; waited += 100) await sleep(100);
} catch (error) {
  console.log(`failed: ${String(error)}`);
} finally {
  for (const child of started.toReversed()) child.kill("SIGKILL");
  console.log(log());
}
