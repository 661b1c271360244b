// An FTP session by two kinds of gnutls-cli processes, one for the control connection and one for each data connection: it brings
// the TLS, and this program the FTP. A program of its own in the client's namespace.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync, readFileSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { patienceSeconds, type Step, type VisitTls } from "./client.ts";

type Told = {
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly steps: readonly Step[];
  readonly tls: VisitTls;
};

const told = JSON.parse(Buffer.from(process.argv[2] ?? "", "base64").toString()) as Told;
const { host, tls } = told;

const logs: string[] = [];

type Connection = { readonly process: ChildProcess; readonly stdin: Writable; readonly stdout: Readable };

function connect(port: number, more: readonly string[] = []): Connection {
  const trust = ["--x509cafile", tls.ca, "--priority", `NORMAL:-VERS-ALL:+VERS-${tls.version.replace("v", "")}`];
  // What it tells about TLS does not belong into the data; it can't open a standard error that is a socket.
  const log = `gnutls-${logs.length}.log`;
  logs.push(log);
  const args = [...trust, "--logfile", log, ...more, "--port", String(port), host];
  const child = spawn(told.program, args, { env: { ...process.env, ...told.env }, stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {});
  return { process: child, stdin: child.stdin, stdout: child.stdout };
}

const control = connect(told.port, [...(tls.security === "explicit" ? ["--starttls-proto", "ftp"] : [])]);
const lines = createInterface({ input: control.stdout, crlfDelay: Infinity })[Symbol.asyncIterator]();

/** The last line of the next reply. */
async function reply(): Promise<string> {
  for (;;) {
    const { value: line, done } = await lines.next();
    if (done === true) throw new Error("the control connection is closed");
    console.log(`< ${line}`);
    if (/^\d{3} /.test(line)) return line;
  }
}

async function say(line: string): Promise<string> {
  console.log(`> ${line}`);
  control.stdin.write(`${line}\r\n`, "latin1");
  return reply();
}

async function must(line: string, positive: RegExp): Promise<string> {
  const answer = await say(line);
  if (!positive.test(answer)) throw new Error(`${line}: ${answer}`);
  return answer;
}

const patience = (): AbortSignal => AbortSignal.timeout(patienceSeconds * 1000);

/** `move`: what is done with the bytes, once the server has begun. `from`: where in the file. */
async function transfer(command: string, move: (data: Connection) => Promise<unknown>, from = 0): Promise<void> {
  const port = /\|\|\|(\d+)\|/.exec(await must("EPSV", /^229/))?.[1];
  const data = connect(Number(port));
  const ended = once(data.process, "close", { signal: patience() });
  ended.catch(() => {});
  try {
    if (from > 0) await must(`REST ${from}`, /^350/);
    await must(command, /^1/);
    await move(data);
    const [status] = (await ended) as [number | null];
    if (status !== 0) console.log(`failed: data connection: ${String(status)}`);
    console.log(await reply());
  } finally {
    data.process.kill();
  }
}

const download = (remote: string, local: string, from = 0): Promise<void> =>
  transfer(
    `RETR ${remote}`,
    (data) => pipeline(data.stdout, createWriteStream(local, { flags: from > 0 ? "a" : "w" }), { signal: patience() }),
    from,
  );

async function play(step: Step): Promise<void> {
  switch (step.kind) {
    case "list":
      return transfer("LIST", async (data) => {
        for await (const line of createInterface({ input: data.stdout })) console.log(line);
      });
    case "download":
      return download(step.remote, step.local);
    case "resume":
      return download(step.remote, step.local, statSync(step.local).size);
    case "upload":
      return transfer(`STOR ${step.remote}`, (data) => pipeline(createReadStream(step.local), data.stdin));
    case "rename":
      await must(`RNFR ${step.from}`, /^350/);
      await must(`RNTO ${step.to}`, /^250/);
      return;
    case "delete":
      await must(`DELE ${step.remote}`, /^250/);
      return;
  }
}

try {
  // It has taken the greeting where it says AUTH TLS itself.
  if (tls.security === "implicit") await reply();
  await must(`USER ${told.user}`, /^331/);
  await must(`PASS ${told.password}`, /^230/);
  await must("TYPE I", /^200/);
  await must("PBSZ 0", /^200/);
  await must("PROT P", /^200/);
  for (const step of told.steps) await play(step).catch((error: unknown) => console.log(`failed: ${String(error)}`));
  await say("QUIT");
} catch (error) {
  console.log(`failed: ${String(error)}`);
} finally {
  control.process.kill();
  for (const log of logs.filter((file) => existsSync(file))) console.log(`--- ${log}\n${readFileSync(log, "latin1")}`);
}
