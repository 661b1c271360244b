// Active client: a scripted FTP client for active mode, which basic-ftp does not speak: it listens, announces itself with
// PORT or EPRT and lets the server connect. It says what a client says and expects what a client expects, no more.
import { connect, type Socket } from "node:net";
import { familyOf, parseAddress, type Endpoint } from "../net/endpoint.ts";
import { listenForData, receiveBytes, sendBytes } from "./data-connection.ts";

export type ActiveForm = "PORT" | "EPRT";
export type ServerReply = { readonly code: number; readonly text: string };

export type ActiveClient = {
  /** Sends one line and resolves with the next reply, whatever its code; preliminary replies count too. */
  command(line: string): Promise<ServerReply>;
  nextReply(): Promise<ServerReply>;
  login(user: string, password: string): Promise<void>;
  /** Rejects unless the transfer is complete for both sides. */
  download(form: ActiveForm, path: string): Promise<Buffer>;
  upload(form: ActiveForm, path: string, bytes: Uint8Array): Promise<void>;
  quit(): Promise<void>;
  close(): void;
};

export type ActiveClientOptions = {
  /** The address it announces, default its own: a client behind a NAT announces a private one. */
  readonly announce?: string;
  readonly timeoutMs?: number;
};

const maxFileBytes = 256 * 1024 * 1024;

export function formatActive(form: ActiveForm, { address, port }: Endpoint): string {
  if (form === "PORT") return `PORT ${address.replaceAll(".", ",")},${port >> 8},${port & 255}`;
  return `EPRT |${familyOf(address) === 4 ? 1 : 2}|${address}|${port}|`;
}

async function expect(reply: Promise<ServerReply>, kind: number, what: string): Promise<void> {
  const { code, text } = await reply;
  if (Math.floor(code / 100) !== kind) throw new Error(`${what}: ${text}`);
}

/** Connects and awaits the greeting. */
export async function connectActiveClient(server: Endpoint, options: ActiveClientOptions = {}): Promise<ActiveClient> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const control = connect({ host: server.address, port: server.port, noDelay: true });
  const nextReply = readReplies(control, timeoutMs);

  function command(line: string): Promise<ServerReply> {
    control.write(`${line}\r\n`, "latin1");
    return nextReply();
  }

  async function transfer<T>(form: ActiveForm, line: string, move: (data: Socket) => Promise<T>): Promise<T> {
    const local = parseAddress(control.localAddress ?? "") ?? "";
    const { port, source } = await listenForData(local, parseAddress(control.remoteAddress ?? "") ?? "");
    try {
      await expect(command(formatActive(form, { address: options.announce ?? local, port })), 2, form);
      // Servers connect before or after their 150, and a refusal comes without a connection.
      const moved = source.connect(timeoutMs).then(move);
      moved.catch(() => {});
      await expect(command(line), 1, line);
      const result = await moved;
      await expect(nextReply(), 2, line);
      return result;
    } finally {
      source.close();
    }
  }

  const client: ActiveClient = {
    command,
    nextReply,
    async login(user, password) {
      await expect(command(`USER ${user}`), 3, "USER");
      await expect(command(`PASS ${password}`), 2, "PASS");
      await expect(command("TYPE I"), 2, "TYPE");
    },
    download: (form, path) => transfer(form, `RETR ${path}`, (data) => receiveBytes(data, maxFileBytes)),
    upload: (form, path, bytes) => transfer(form, `STOR ${path}`, (data) => sendBytes(data, bytes)),
    async quit() {
      await expect(command("QUIT"), 2, "QUIT");
      control.end();
    },
    close: () => control.destroy(),
  };
  try {
    await expect(nextReply(), 2, "greeting");
  } catch (error) {
    control.destroy();
    throw error;
  }
  return client;
}

/** Replies in order; the end of the connection rejects what is waited for. */
function readReplies(control: Socket, timeoutMs: number): () => Promise<ServerReply> {
  const replies: ServerReply[] = [];
  const waiting: { resolve: (reply: ServerReply) => void; reject: (error: Error) => void }[] = [];
  let rest = "";
  let lines: string[] = [];
  let problem: Error | undefined;

  control.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk.toString("latin1")).split("\r\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      lines.push(part);
      const code = (lines[0] ?? "").slice(0, 3);
      if (lines[0]?.[3] === "-" && !part.startsWith(`${code} `)) continue;
      const reply = { code: Number(code), text: lines.join("\n") };
      lines = [];
      const waiter = waiting.shift();
      if (waiter) waiter.resolve(reply);
      else replies.push(reply);
    }
  });
  control.on("error", (error) => (problem = error));
  control.once("close", () => {
    problem ??= new Error("the control connection was closed");
    for (const { reject } of waiting.splice(0)) reject(problem);
  });

  return () =>
    new Promise((resolve, reject) => {
      const reply = replies.shift();
      if (reply) return resolve(reply);
      if (control.destroyed) return reject(problem ?? new Error("the control connection was closed"));
      const timer = setTimeout(() => control.destroy(new Error(`no reply within ${timeoutMs} ms`)), timeoutMs);
      waiting.push({
        resolve(value) {
          clearTimeout(timer);
          resolve(value);
        },
        reject(error) {
          clearTimeout(timer);
          reject(error);
        },
      });
    });
}
