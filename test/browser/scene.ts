// Scene: a whole gateway process with two gateways in front of scripted servers, and clients that make traffic, so that there is
// something to see on the page.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { configFrom } from "../../src/config/parse.ts";
import { openLog } from "../../src/observe/log.ts";
import { createGatewayProcess } from "../../src/process/gateway-process.ts";
import { createLogFiles } from "../../src/process/log-files.ts";
import { startFakeServer, type FakeServer, type FakeSession, type Script } from "../gateway/fake-server.ts";
import { dialData, openDialogue, portOf, type Dialogue } from "../gateway/ftp-dialogue.ts";

export const token = "correct-horse-battery-staple";

export type Scene = {
  /** Of the page, without a slash at the end. */
  readonly url: string;
  /** Of the gateways by name. */
  readonly ports: Readonly<Record<"files" | "partners", number>>;
  /** How often it was asked for. */
  readonly asked: { reload: number; drain: number };
  /** A client that has logged in, from that address of loopback. */
  login(user?: string, from?: string): Promise<Dialogue>;
  /** Begins a download that goes on by `bytesPerSecond` until `size` is reached. */
  download(client: Dialogue, path: string): Promise<void>;
  /** Sessions that fail, each in another way, by default in every one. */
  fail(ways?: readonly Failure[]): Promise<void>;
  stop(): Promise<void>;
};

export type SceneOptions = {
  /** Without one nobody may act. */
  readonly withToken?: boolean;
  /** For the charts. */
  readonly sampleEveryMs?: number;
  /** What a reload comes to. */
  readonly reload?: () => Promise<void>;
};

export async function startScene({
  withToken = true,
  reload = async () => {},
  sampleEveryMs,
}: SceneOptions = {}): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), "ftp-alg-scene-"));
  await writeFile(join(folder, "token"), `${token}\n`, { mode: 0o600 });
  const gone = await startFakeServer();
  gone.stop();
  const server = await startFakeServer(script(gone.port));
  const parsed = configFrom({
    admin: { listen: "127.0.0.1:0", ...(withToken && { token: { file: join(folder, "token") } }) },
    gateways: [
      gateway("files", server),
      {
        ...gateway("partners", gone),
        timeouts: { connect: "300ms", pinhole: "1s", dataStall: "1s" },
        limits: { sessions: 200 },
      },
    ],
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const lines: string[] = [];
  const asked = { reload: 0, drain: 0 };
  const log = openLog({ level: "info", format: "json" }, (line) => void lines.push(line));
  const running = await createGatewayProcess(parsed.config, {
    logger: log.logger,
    logFiles: createLogFiles(log),
    inherited: [],
    ...(sampleEveryMs !== undefined && { sampleTrafficEveryMs: sampleEveryMs }),
    isStopping: () => asked.drain > 0,
    hooks: {},
    requests: {
      reload: () => {
        asked.reload += 1;
        return reload();
      },
      drain: () => void (asked.drain += 1),
    },
  });
  await running.start();
  const portIn = (wanted: object): number => portLogged(lines, wanted);
  const ports = {
    files: portIn({ msg: "listening", gateway: "files" }),
    partners: portIn({ msg: "listening", gateway: "partners" }),
  };
  const clients: Dialogue[] = [];
  const connect = async (port: number, from = "127.0.0.1"): Promise<Dialogue> => {
    const client = await openDialogue(port, "127.0.0.1", from);
    clients.push(client);
    return client;
  };
  const login = async (user = "alice", from?: string): Promise<Dialogue> => {
    const client = await connect(ports.files, from);
    await client.reply();
    await client.ask(`USER ${user}`);
    await client.ask("PASS secret");
    return client;
  };
  return {
    url: `http://127.0.0.1:${portIn({ msg: "admin listening" })}`,
    ...{ ports, asked, login, download },
    fail: (ways = Object.keys(failures) as Failure[]) =>
      fail(ways, { login, connectToGone: () => connect(ports.partners, "127.0.0.31") }),
    async stop() {
      for (const client of clients) client.close();
      await running.stop();
      server.stop();
      await rm(folder, { recursive: true });
    },
  };
}

function gateway(name: string, server: FakeServer) {
  return {
    ...{ name, listen: ["127.0.0.1:0"], route: { server: `127.0.0.1:${server.port}` }, dataPlane: "relay" },
    timeouts: { pinhole: "1s", dataStall: "1s", linger: "1s" },
    clientSide: { dataPorts: name === "files" ? "41000-41999" : "42000-42199" },
  };
}

function portLogged(lines: readonly string[], wanted: object): number {
  for (const line of lines) {
    const logged = JSON.parse(line) as Record<string, unknown>;
    if (Object.entries(wanted).every(([key, value]) => logged[key] === value)) {
      return Number(String(logged["endpoint"]).split(":").at(-1));
    }
  }
  throw new Error(`nothing logged like ${JSON.stringify(wanted)}: ${lines.join("\n")}`);
}

/** What `RETR name-size-rate` gives: so many bytes, so many of them in a second. */
const script = (closedPort: number): Script => ({
  async RETR(session: FakeSession, path: string) {
    const [size = 0, rate = 0] = /(\d+)-(\d+)$/.exec(path)?.slice(1).map(Number) ?? [];
    session.say(`150 Opening BINARY mode data connection for ${path} (${size} bytes).`);
    const data = await session.data();
    const piece = Buffer.alloc(Math.max(1, Math.round(rate / 20)));
    let sent = 0;
    while (sent < size && !data.destroyed && data.writable) {
      data.write(piece.subarray(0, Math.min(piece.length, size - sent)));
      sent += piece.length;
      await sleep(50);
    }
    data.end();
    if (!data.destroyed) await once(data, "close").catch(() => {});
    session.say("226 Transfer complete");
  },
  async PASV(session: FakeSession) {
    const port = await session.listen();
    // A range behind the server's own firewall.
    const told = session.lines.includes("USER nightly") ? closedPort : port;
    session.say(`227 Entering Passive Mode (127,0,0,1,${told >> 8},${told & 255}).`);
  },
});

/** From the address of the control connection. */
async function passive({ ask, socket }: Dialogue): Promise<Socket> {
  const port = portOf(await ask("PASV"));
  return dialData(port, { localAddress: socket.localAddress ?? "127.0.0.1" });
}

async function download(client: Dialogue, path: string): Promise<void> {
  const data = await passive(client);
  data.resume().once("end", () => data.end());
  client.write(`RETR ${path}\r\n`);
  await client.reply();
}

type Clients = { readonly login: Scene["login"]; readonly connectToGone: () => Promise<Dialogue> };

/** Until a refusal or an end of a transfer that is none; then it leaves. */
async function giveUp(client: Dialogue): Promise<void> {
  while (!/^[45]/.test(await client.reply()));
  await client.ask("QUIT");
}

/** Ways of failing, each a session of its own. */
const failures = {
  async "nobody comes to the pinhole"({ login }: Clients) {
    const client = await login("backup", "127.0.0.12");
    await client.ask("PASV");
    client.write("RETR archive/2026-11.tar-1000000-100000\r\n");
    await giveUp(client);
  },
  async "the client refuses"({ login }: Clients) {
    const client = await login("scanner", "127.0.0.13");
    await client.ask("PORT 127,0,0,13,200,7");
    client.write("RETR incoming/scan-0042.pdf-1000-1000\r\n");
    await giveUp(client);
  },
  async "the server refuses data"({ login }: Clients) {
    const client = await login("nightly", "127.0.0.14");
    (await passive(client)).resume();
    client.write("RETR export/orders.csv-5000-5000\r\n");
    await giveUp(client);
  },
  async "the server refuses"({ connectToGone }: Clients) {
    await (await connectToGone()).rest();
  },
  async "the client breaks a transfer"({ login }: Clients) {
    const client = await login("edi", "127.0.0.15");
    const data = await passive(client);
    client.write("RETR out/invoices.zip-50000000-4000000\r\n");
    await client.reply();
    await once(data, "data");
    data.resetAndDestroy();
    await client.reply();
  },
} satisfies Record<string, (clients: Clients) => Promise<void>>;

export type Failure = keyof typeof failures;

/** One after the other; the last is the newest on the page. */
async function fail(ways: readonly Failure[], clients: Clients): Promise<void> {
  for (const way of ways) await failures[way](clients);
}
