// A scripted FTP server on loopback: polite by default, and hostile wherever a test replaces the answer to a command.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** One control connection as the script sees it. */
export type FakeSession = {
  readonly socket: Socket;
  /** Every line received, in order. */
  readonly lines: string[];
  /** Writes one reply line, CRLF added. */
  say(line: string): void;
  /** Listens for a data connection and gives its port. */
  listen(): Promise<number>;
  /** Dials the endpoint of the last PORT or EPRT, or waits for the connection to `listen`. */
  data(): Promise<Socket>;
};

export type Answer = (session: FakeSession, argument: string) => void | Promise<void>;
export type Script = Readonly<Record<string, Answer>>;

export type FakeServer = {
  readonly port: number;
  readonly sessions: FakeSession[];
  stop(): void;
};

export const fileBody = Buffer.from("0123456789".repeat(1000));

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
  async RETR(s) {
    s.say("150 Here it comes");
    const data = await s.data();
    data.end(fileBody);
    await new Promise((resolve) => data.once("close", resolve));
    s.say("226 Done");
  },
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
  },
};

/** `host` is where the server listens, and for IPv6 the address of its data connections too. */
export async function startFakeServer(script: Script = {}, options: { greeting?: string; host?: string } = {}) {
  const host = options.host ?? "127.0.0.1";
  const sessions: FakeSession[] = [];
  const closers: (() => void)[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const session = createSession(socket, host, closers);
    sessions.push(session);
    closers.push(() => socket.destroy());
    const answers: Script = { ...polite, ...script };
    let rest = "";
    socket.on("data", (chunk) => {
      rest += chunk.toString("latin1");
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
  server.listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sessions,
    stop() {
      server.close();
      for (const close of closers) close();
    },
  } satisfies FakeServer;
}

function createSession(socket: Socket, host: string, closers: (() => void)[]): FakeSession {
  let passive: Promise<Socket> | undefined;
  const lines: string[] = [];
  return {
    socket,
    lines,
    say: (line) => void (socket.writable && socket.write(`${line}\r\n`, "latin1")),
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
    async data() {
      const announced = lines.findLast((line) => /^(?:PORT|EPRT|PASV|EPSV)/i.test(line)) ?? "";
      const port = announcedPort(announced);
      if (port === undefined) {
        if (passive === undefined) throw new Error("no data connection was announced");
        const data = await passive;
        data.resume();
        return data;
      }
      const data = connect({ host, port, allowHalfOpen: true });
      data.on("error", () => {});
      closers.push(() => data.destroy());
      await once(data, "connect");
      return data;
    },
  };
}

function announcedPort(line: string): number | undefined {
  const numbers = line.match(/\d+/g)?.map(Number) ?? [];
  if (/^PORT/i.test(line)) return (numbers[4] ?? 0) * 256 + (numbers[5] ?? 0);
  return /^EPRT/i.test(line) ? numbers.at(-1) : undefined;
}
