// A scripted FTP server on loopback: polite by default, and hostile wherever a test replaces the answer to a command.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { createRecordFollower, followRecords, type RecordFollower } from "../../src/ftp/tls-records.ts";

/** One control connection as the script sees it. */
export type FakeSession = {
  readonly socket: Socket;
  /** Every line received, in order. */
  readonly lines: string[];
  /** Every read of the control connection as it came, latin1. */
  readonly segments: string[];
  /** Writes one reply line, CRLF added. */
  say(line: string): void;
  /** Writes bytes (latin1) as they are. */
  write(bytes: string): void;
  /** Listens for a data connection and gives its port. */
  listen(): Promise<number>;
  /** Dials the endpoint of the last PORT or EPRT, or waits for the connection to `listen`. */
  data(from?: { localAddress?: string; localPort?: number }): Promise<Socket>;
};

export type Answer = (session: FakeSession, argument: string) => void | Promise<void>;
export type Script = Readonly<Record<string, Answer>>;

export type FakeServer = {
  readonly port: number;
  readonly sessions: FakeSession[];
  /** The latest control connection. */
  readonly session: FakeSession;
  /** Closes all that its sessions have open, and forgets them. */
  clear(): void;
  stop(): void;
};

export const fileBody = Buffer.from("0123456789".repeat(1000));

/** A whole download: 150, the body, FIN, and 226 once the data connection is closed. */
export function download(body: Buffer = fileBody): Answer {
  return async (s) => {
    s.say("150 Here it comes");
    const data = await s.data();
    data.end(body);
    // It may have been reset before it was seen to be there.
    if (!data.closed) await new Promise((resolve) => data.once("close", resolve));
    s.say("226 Done");
  };
}

const polite: Script = {
  USER: (s) => s.say("331 Password please"),
  PASS: (s) => s.say("230 Logged in"),
  TYPE: (s) => s.say("200 Type set"),
  NOOP: (s) => s.say("200 Nothing done"),
  PWD: (s) => s.say('257 "/"'),
  QUIT(s) {
    s.say("221 Goodbye");
    s.socket.end();
  },
  async PASV(s) {
    const port = await s.listen();
    s.say(`227 Entering Passive Mode (127,0,0,1,${port >> 8},${port & 255})`);
  },
  async EPSV(s) {
    s.say(`229 Entering Extended Passive Mode (|||${await s.listen()}|)`);
  },
  PORT: (s) => s.say("200 PORT command successful"),
  EPRT: (s) => s.say("200 EPRT command successful"),
  RETR: download(),
  LIST: download(Buffer.from("-rw-r--r-- 1 u u 10000 Jan  1 00:00 x\r\n")),
  async STOR(s) {
    s.say("150 Go on");
    const data = await s.data();
    let count = 0;
    data.on("data", (chunk: Buffer) => (count += chunk.length));
    data.on("error", () => s.say("426 Broken"));
    data.on("end", () => {
      data.end();
      s.say(`226 Got ${count}`);
    });
    data.resume();
  },
};

export type FakeServerOptions = {
  readonly greeting?: string;
  /** Where the server listens, and for IPv6 the address of its data connections too. */
  readonly host?: string;
  readonly port?: number;
  /** Dials the address that a PORT names, and not its own. */
  readonly dialsAnnounced?: boolean;
};

export async function startFakeServer(script: Script = {}, options: FakeServerOptions = {}): Promise<FakeServer> {
  const host = options.host ?? "127.0.0.1";
  const sessions: FakeSession[] = [];
  const closers: (() => void)[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const session = createSession(socket, host, closers, options.dialsAnnounced === true);
    sessions.push(session);
    closers.push(() => socket.destroy());
    const answers: Script = { ...polite, ...script };
    let rest = "";
    const clearText = textAmongRecords();
    socket.on("data", (chunk: Buffer) => {
      session.segments.push(chunk.toString("latin1"));
      rest += clearText(chunk);
      for (let at = rest.indexOf("\n"); at >= 0; at = rest.indexOf("\n")) {
        const line = rest.slice(0, at).replace(/\r$/, "");
        rest = rest.slice(at + 1);
        session.lines.push(line);
        const [verb = "", ...words] = line.split(" ");
        const answer = answers[verb.toUpperCase()] ?? ((s: FakeSession) => s.say("502 Not implemented"));
        void answer(session, words.join(" "));
      }
    });
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    const greeting = options.greeting ?? "220 Fake server";
    if (greeting !== "") session.say(greeting);
  });
  const clear = (): void => {
    for (const close of closers.splice(0)) close();
    sessions.length = 0;
  };
  server.listen(options.port ?? 0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sessions,
    get session() {
      const latest = sessions.at(-1);
      if (latest === undefined) throw new Error("nobody has connected to the server");
      return latest;
    },
    clear,
    stop() {
      server.close();
      clear();
    },
  };
}

/** What is said in clear before TLS and after it: what is said under TLS stands in the segments alone. */
function textAmongRecords(): (chunk: Buffer) => string {
  let follower: RecordFollower | undefined;
  return (chunk) => {
    if (chunk[0] === 0x16) follower ??= createRecordFollower();
    if (follower === undefined) return chunk.toString("latin1");
    const { kind, end } = followRecords(follower, chunk, 0, chunk.length);
    if (kind === "clear") follower = undefined;
    return chunk.toString("latin1", end);
  };
}

function createSession(socket: Socket, host: string, closers: (() => void)[], dialsAnnounced: boolean): FakeSession {
  let passive: Promise<Socket> | undefined;
  const lines: string[] = [];
  const write = (bytes: string): void => void (socket.writable && socket.write(bytes, "latin1"));
  return {
    socket,
    lines,
    segments: [],
    write,
    say: (line) => write(`${line}\r\n`),
    async listen() {
      const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true });
      passive = new Promise((resolve) =>
        listener.once("connection", (data) => {
          data.on("error", () => {});
          closers.push(() => data.destroy());
          listener.close();
          resolve(data);
        }),
      );
      closers.push(() => listener.close());
      listener.listen(0, host);
      await once(listener, "listening");
      return (listener.address() as AddressInfo).port;
    },
    async data(from = {}) {
      const announced = lines.findLast((line) => /^(?:PORT|EPRT|PASV|EPSV)/i.test(line)) ?? "";
      const port = announcedPort(announced);
      if (port === undefined) {
        if (passive === undefined) throw new Error("no data connection was announced");
        const data = await passive;
        data.resume();
        return data;
      }
      const address = /\d+(?:,\d+){3}/.exec(announced)?.[0].replaceAll(",", ".");
      const to = dialsAnnounced ? (address ?? host) : host;
      const data = connect({ host: to, port, allowHalfOpen: true, ...from });
      data.on("error", () => {});
      closers.push(() => data.destroy());
      await new Promise<void>((resolve) => {
        data.once("connect", () => resolve());
        data.once("close", () => resolve());
      });
      return data;
    },
  };
}

function announcedPort(line: string): number | undefined {
  const numbers = line.match(/\d+/g)?.map(Number) ?? [];
  if (/^PORT/i.test(line)) return (numbers[4] ?? 0) * 256 + (numbers[5] ?? 0);
  return /^EPRT/i.test(line) ? numbers.at(-1) : undefined;
}
