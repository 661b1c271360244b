// A client that says exactly what a test tells it to, and reads replies whole.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export type Dialogue = {
  readonly socket: Socket;
  /** Every read of the connection as it came, latin1. */
  readonly segments: string[];
  /** Writes bytes as they are. */
  write(bytes: string): void;
  /** Sends a line and gives the first reply that follows. */
  ask(line: string): Promise<string>;
  /** The next whole reply, its lines joined by "\n". Rejects when the connection ends first. */
  reply(): Promise<string>;
  /** Everything up to the end of the connection; "reset" is appended if it was broken. */
  rest(): Promise<string>;
  login(): Promise<void>;
  close(): void;
};

export async function openDialogue(port: number, host = "127.0.0.1", localAddress?: string): Promise<Dialogue> {
  const from = localAddress === undefined ? {} : { localAddress };
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true, ...from });
  const segments: string[] = [];
  let text = "";
  let ended: string | undefined;
  const waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const waiter of waiting.splice(0)) waiter();
  };
  socket.on("data", (chunk) => {
    segments.push(chunk.toString("latin1"));
    text += chunk.toString("latin1");
    wake();
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    ended = error.code === "ECONNRESET" ? "reset" : String(error.code);
    wake();
  });
  socket.on("end", () => {
    ended ??= "";
    wake();
  });
  await once(socket, "connect");

  const reply = async (): Promise<string> => {
    for (;;) {
      const whole = /^(\d{3})(?: .*|-[^]*?\r\n\1 .*|)\r\n/.exec(text);
      if (whole) {
        text = text.slice(whole[0].length);
        return whole[0].trimEnd().replaceAll("\r\n", "\n");
      }
      if (ended !== undefined) throw new Error(`connection ended (${ended}) after ${JSON.stringify(text)}`);
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const write = (bytes: string): void => void socket.write(bytes, "latin1");
  const ask = (line: string): Promise<string> => {
    write(`${line}\r\n`);
    return reply();
  };
  return {
    socket,
    segments,
    write,
    ask,
    reply,
    async rest() {
      for (;;) {
        if (ended !== undefined) return text + ended;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    async login() {
      await reply();
      await ask("USER u");
      await ask("PASS p");
    },
    close: () => socket.destroy(),
  };
}

/** The port in a 227 or 229 reply. */
export function portOf(reply: string): number {
  const extended = /\|(\d+)\|\)/.exec(reply);
  if (extended) return Number(extended[1]);
  const [p1 = 0, p2 = 0] = reply.match(/\d+/g)?.slice(-2).map(Number) ?? [];
  return p1 * 256 + p2;
}

export type DataEnd = { readonly bytes: Buffer; readonly end: "fin" | "reset" };

/** Reads a data connection to its end, clean or broken. */
export async function readAll(socket: Socket): Promise<DataEnd> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("end", () => resolve({ bytes: Buffer.concat(chunks), end: "fin" }));
    socket.on("error", () => resolve({ bytes: Buffer.concat(chunks), end: "reset" }));
    socket.on("close", () => resolve({ bytes: Buffer.concat(chunks), end: "reset" }));
    if (socket.destroyed) resolve({ bytes: Buffer.alloc(0), end: "reset" });
    socket.resume();
  });
}

export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}

/** A refused or broken connection comes back destroyed. */
export async function dialData(port: number, options: { host?: string; localAddress?: string } = {}): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true, ...options });
  socket.on("error", () => {});
  await new Promise<void>((resolve) => {
    socket.once("connect", () => resolve());
    socket.once("close", () => resolve());
  });
  return socket;
}

/** A client's own data listener for active mode. */
export async function listenData(
  host = "127.0.0.1",
): Promise<{ port: number; socket: Promise<Socket>; close(): void }> {
  const server = createServer({ allowHalfOpen: true });
  const socket = new Promise<Socket>((resolve) =>
    server.once("connection", (data) => {
      data.on("error", () => {});
      server.close();
      resolve(data);
    }),
  );
  server.listen(0, host);
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, socket, close: () => server.close() };
}

export function portLine(port: number, host = "127.0.0.1"): string {
  return `PORT ${host.replaceAll(".", ",")},${port >> 8},${port & 255}`;
}

export function eprtLine(port: number, host = "127.0.0.1"): string {
  return `EPRT |${host.includes(":") ? 2 : 1}|${host}|${port}|`;
}
