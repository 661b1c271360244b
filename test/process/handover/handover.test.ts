// Hand-over with real processes: one takes the other's place, and one that can't start changes nothing.
import { once } from "node:events";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { formatMessage } from "../../../src/process/handover/handover-messages.ts";
import { loadFfi } from "../../../src/sockets/ffi.ts";
import type { FakeSession } from "../../gateway/fake-server.ts";
import { type Dialogue, openDialogue, readAll } from "../../gateway/ftp-dialogue.ts";
import { notifySocket } from "../../sockets/notified.ts";
import { freePort, passive, setServer } from "../../gateway/stage.ts";
import { createProcesses, type LogLine, type Processes, type Started } from "./processes.ts";
import { replaceUnderLoad } from "./replace-under-load.ts";

// Several whole programs are started for each test.
vi.setConfig({ testTimeout: 120_000 });
beforeEach((context) => context.skip(!loadFfi().ok, "koffi is not installed"));

type Stage = {
  readonly processes: Processes;
  readonly first: Started;
  readonly port: number;
  readonly admin: string;
  /** Of the server's downloads. */
  readonly finish: () => void;
  /** The configuration of the gateways with these keys in place of its own. */
  readonly gateway: (keys?: object) => object;
};

/** A process with an admin listener that takes clients, in front of a server whose downloads begin and do not end. */
async function setUp(timeouts: object = {}, rest: object = {}): Promise<Stage> {
  let finish = (): void => {};
  const server = await setServer({
    async RETR(s: FakeSession) {
      s.say("150 Here it comes");
      const data = await s.data();
      data.write("the beginning, ");
      finish = () => {
        data.end("the end");
        s.say("226 Done");
      };
    },
  });
  const port = await freePort();
  const admin = await freePort();
  const gateway = (keys: object = {}): object => ({
    ...{ name: "one", listen: [`127.0.0.1:${port}`], route: { server: `127.0.0.1:${server.port}` } },
    ...{ dataPlane: "relay", timeouts, limits: { sessions: 100 }, ...keys },
  });
  const processes = createProcesses({ admin: { listen: `127.0.0.1:${admin}` }, gateways: [gateway()], ...rest });
  onTestFinished(() => processes.stop());
  const first = processes.start();
  await processes.logged("listening");
  await vi.waitFor(() => expect(socketsIn(processes)).toHaveLength(1), { timeout: 20_000 });
  return { processes, first, port, admin: `http://127.0.0.1:${admin}`, finish: () => finish(), gateway };
}

const socketsIn = ({ folder }: Processes): string[] => readdirSync(folder).filter((name) => name.endsWith(".sock"));
const socketOf = (processes: Processes): string => `${processes.folder}/${socketsIn(processes)[0]}`;

async function login(port: number): Promise<Dialogue> {
  const client = await openDialogue(port);
  onTestFinished(() => client.close());
  await client.login();
  return client;
}

async function replace(processes: Processes): Promise<Started> {
  const from = processes.lines().length;
  const next = processes.start("--replace");
  await processes.logged("took over", from);
  return next;
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** A new one, beside those of this process; gone with the test. */
function controlGroup(): string | undefined {
  for (const mount of ["/sys/fs/cgroup", "/sys/fs/cgroup/pids"]) {
    const made = `${mount}/ftp-alg-${process.pid}`;
    try {
      mkdirSync(made);
    } catch {
      continue;
    }
    onTestFinished(() => rmdirSync(made));
    if (existsSync(`${made}/cgroup.procs`)) return made;
  }
  return undefined;
}

async function readyz(admin: string): Promise<string> {
  // A connection of its own for each: one that is kept may be closed just when it is used again, as everywhere.
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  get(`${admin}/readyz`, { agent: false }, resolve).on("error", reject);
  return text(await promise);
}

describe("a hand-over", () => {
  test.each([
    ["relay", "node"],
    ["relay", "loop"],
    ["splice", "node"],
  ])(
    "under constant logins and running transfers of the plane %s, driver %s, refuses no client and cuts no transfer, four times",
    async (plane, driver) => {
      const result = await replaceUnderLoad({ count: 4, plane, driver });
      const { refused, cut, wrong, warnings, handovers, codes, planes } = result;
      expect({ refused, cut, wrong, warnings, handovers, planes }).toEqual({
        ...{ refused: [], cut: [], wrong: [], warnings: [], handovers: 4, planes: [plane] },
      });
      expect(new Set(codes)).toEqual(new Set([0]));
      expect(result.logins).toBeGreaterThan(100);
      expect(result.transfers).toBeGreaterThan(6);
    },
  );

  test("leaves idle sessions and transfers with the process that is replaced, which ends with the last of them", async () => {
    const { processes, first, port, finish } = await setUp();
    const [idle, loading] = [await login(port), await login(port)];
    const data = await passive(loading);
    expect(await loading.ask("RETR x")).toMatch(/^150 /);
    const received = readAll(data);
    const second = await replace(processes);
    const third = await login(port);
    expect(await idle.ask("NOOP")).toMatch(/^200 /);
    finish();
    expect((await received).bytes.toString()).toBe("the beginning, the end");
    data.end();
    expect(await loading.reply()).toMatch(/^226 /);
    await Promise.all([idle.ask("QUIT"), loading.ask("QUIT")]);
    expect(await first.ended).toBe(0);
    expect(await third.ask("NOOP")).toMatch(/^200 /);
    expect(processes.lines().find(({ msg }) => msg === "handed over")).toMatchObject({ pid: second.pid, sessions: 2 });
    expect(processes.lines().find(({ msg }) => msg === "took over")).toMatchObject({ pid: first.pid });
  });

  test("ends what is left after timeouts.drain with 421", async () => {
    const { processes, first, port } = await setUp({ drain: "2s" });
    const idle = await login(port);
    await replace(processes);
    expect(await idle.rest()).toMatch(/^421 /);
    expect(await first.ended).toBe(0);
  });

  test("may be followed by the next before the first process has ended, and SIGTERM then ends all three of them", async () => {
    const { processes, first, port } = await setUp();
    const clients = [await login(port)];
    const second = await replace(processes);
    clients.push(await login(port));
    const third = await replace(processes);
    clients.push(await login(port));
    for (const client of clients) expect(await client.ask("NOOP")).toMatch(/^200 /);
    for (const { pid } of [first, second, third]) process.kill(pid, "SIGTERM");
    expect(await Promise.all([first.ended, second.ended, third.ended])).toEqual([0, 0, 0]);
  });

  test("keeps the port of a listener that was opened at port 0, and admin answers each request", async () => {
    const { processes, first, admin, gateway } = await setUp();
    processes.configure({ gateways: [gateway({ listen: ["127.0.0.1:0"] })], admin: { listen: admin.slice(7) } });
    process.kill(first.pid, "SIGHUP");
    const found = async (from: number): Promise<unknown> => (await processes.logged("listening", from))["endpoint"];
    const endpoint = await found(1);
    const from = processes.lines().length;
    const state = { isOver: false };
    const answers = (async () => {
      const all: string[] = [];
      while (!state.isOver) all.push(await readyz(admin).catch(String));
      return new Set(all);
    })();
    await replace(processes);
    expect(await found(from)).toBe(endpoint);
    expect(await first.ended).toBe(0);
    state.isOver = true;
    expect(await answers).toEqual(new Set(["ready\n"]));
  });

  test("gives the new process no data port that the old one still may use, and all of them once that has ended", async () => {
    const range = "23210-23213";
    const stage = await setUp();
    stage.processes.configure({
      admin: { listen: stage.admin.slice(7) },
      gateways: [stage.gateway({ clientSide: { dataPorts: range } })],
    });
    process.kill(stage.first.pid, "SIGHUP");
    await stage.processes.logged("configuration reloaded");
    const client = await login(stage.port);
    const kept = Number(/\|(\d+)\|\)/.exec(await client.ask("EPSV"))?.[1]);
    await replace(stage.processes);
    const others = await Promise.all(Array.from({ length: 4 }, () => login(stage.port)));
    const replies = await Promise.all(others.map((other) => other.ask("EPSV")));
    const given = replies.flatMap((reply) => /\|(\d+)\|\)/.exec(reply)?.[1] ?? []).map(Number);
    // One is open with the first process, and one more is kept for its one session.
    expect(given).toHaveLength(2);
    expect(given).not.toContain(kept);
    await client.ask("QUIT");
    expect(await stage.first.ended).toBe(0);
    await vi.waitFor(async () => expect(await others[3]?.ask("EPSV")).toMatch(/^229/), { timeout: 20_000 });
  });

  test("starts a process where none runs", async () => {
    const server = await setServer();
    const listen = [`127.0.0.1:${await freePort()}`];
    const processes = createProcesses({ gateways: [{ listen, route: { server: `127.0.0.1:${server.port}` } }] });
    onTestFinished(() => processes.stop());
    processes.start("--replace");
    expect(await processes.logged("no process to replace")).toMatchObject({ level: "info" });
    await processes.logged("listening");
  });

  test("takes over from a process that was killed: its socket is left, and nobody listens there", async () => {
    const { processes, first, port } = await setUp();
    process.kill(first.pid, "SIGKILL");
    await first.ended;
    expect(socketsIn(processes)).toHaveLength(1);
    processes.start();
    await vi.waitFor(async () => (await login(port)).close(), { timeout: 20_000 });
    await replace(processes);
  });
});

describe("SIGUSR2", () => {
  test("starts the program once more, which takes over", async () => {
    const { processes, first, port } = await setUp();
    process.kill(first.pid, "SIGUSR2");
    const { pid } = await processes.logged("new process started");
    await processes.logged("took over");
    expect(await first.ended).toBe(0);
    expect(readFileSync(`/proc/${Number(pid)}/cmdline`, "utf8").split("\0")).toContain("--replace");
    await login(port);
  });

  test("tells systemd which process is the main one, before that says it is ready; of the old one's end nothing is said", async () => {
    const manager = notifySocket();
    const server = await setServer();
    const listen = [`127.0.0.1:${await freePort()}`];
    const config = { gateways: [{ listen, route: { server: `127.0.0.1:${server.port}` }, dataPlane: "relay" }] };
    const env = { NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: "100000000", WATCHDOG_PID: "1" };
    const processes = createProcesses(config, env);
    onTestFinished(() => processes.stop());
    const first = processes.start();
    expect(await manager.next()).toBe("READY=1\nSTATUS=takes sessions");
    await vi.waitFor(() => expect(socketsIn(processes)).toHaveLength(1), { timeout: 20_000 });
    process.kill(first.pid, "SIGUSR2");
    const { pid } = await processes.logged("new process started");
    expect(await manager.next()).toBe(`MAINPID=${Number(pid)}`);
    expect(await manager.next()).toBe("READY=1\nSTATUS=takes sessions");
    expect(await first.ended).toBe(0);
    process.kill(Number(pid), "SIGTERM");
    expect(await manager.next()).toMatch(/^STOPPING=1/);
  });

  test("of a service is refused to a process from outside, which systemd would not see", async (context) => {
    const outside = controlGroup();
    if (outside === undefined) return context.skip("no control group can be made here");
    const manager = notifySocket();
    const server = await setServer();
    const listen = [`127.0.0.1:${await freePort()}`];
    const config = { gateways: [{ listen, route: { server: `127.0.0.1:${server.port}` }, dataPlane: "relay" }] };
    const processes = createProcesses(config, { NOTIFY_SOCKET: manager.socket });
    onTestFinished(() => processes.stop());
    const first = processes.start();
    await vi.waitFor(() => expect(socketsIn(processes)).toHaveLength(1), { timeout: 20_000 });
    writeFileSync(`${outside}/cgroup.procs`, String(first.pid));
    expect(await processes.start("--replace").ended).toBe(1);
    const { detail } = await processes.logged("could not start");
    expect(detail).toContain("systemctl kill --signal=SIGUSR2 --kill-whom=main");
    process.kill(first.pid, "SIGKILL");
    await first.ended;
  });

  test("with a configuration that is wrong changes nothing, and the log says how the new process ended", async () => {
    const { processes, first, port } = await setUp();
    const client = await login(port);
    const before = descriptorsOf(first.pid);
    processes.configure("gateways: [{ nonsense: true }]");
    process.kill(first.pid, "SIGUSR2");
    expect(await processes.logged("new process ended: this one goes on")).toMatchObject({ detail: "exit code 2" });
    expect(processes.printed()).toContain("nonsense");
    expect(await client.ask("NOOP")).toMatch(/^200 /);
    await login(port);
    expect(descriptorsOf(first.pid)).toBeLessThanOrEqual(before + 4);
  });

  test("does nothing more once another process is on its way, which SIGTERM ends too", async () => {
    const { processes, first } = await setUp();
    process.kill(first.pid, "SIGUSR2");
    const { pid } = await processes.logged("new process started");
    process.kill(first.pid, "SIGUSR2");
    await processes.logged("another process is taking over already");
    process.kill(first.pid, "SIGTERM");
    expect(await first.ended).toBe(0);
    await vi.waitFor(() => expect(existsSync(`/proc/${Number(pid)}/fd/0`)).toBe(false));
  });
});

describe("a new process that can't start changes nothing", () => {
  /** The first process goes on: with its session, and for new ones; and another one can replace it. */
  async function goesOn({ first, port, admin }: Stage, client: Dialogue): Promise<void> {
    expect(await client.ask("NOOP")).toMatch(/^200 /);
    for (let count = 0; count < 5; count += 1) (await login(port)).close();
    expect(await readyz(admin)).toBe("ready\n");
    expect(existsSync(`/proc/${first.pid}`)).toBe(true);
    const before = descriptorsOf(first.pid);
    await sleep(300);
    expect(descriptorsOf(first.pid)).toBeLessThanOrEqual(before);
  }

  test("because an endpoint of its own is in use: the reason is in both logs", async () => {
    const stage = await setUp();
    const { processes, port, gateway } = stage;
    const client = await login(port);
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    onTestFinished(() => void taken.close());
    const busy = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    processes.configure({ gateways: [gateway({ listen: [`127.0.0.1:${port}`, busy] })] });
    const next = processes.start("--replace");
    expect(await next.ended).toBe(1);
    const { detail } = await processes.logged("hand-over failed");
    expect(detail).toMatch(/^the new process could not start: cannot listen on .*EADDRINUSE/);
    expect(await processes.logged("could not start")).toMatchObject({ detail: expect.stringContaining(busy) });
    await goesOn(stage, client);
    processes.configure({ gateways: [gateway()] });
    await replace(processes);
  });

  test("because its admin token can't be read", async () => {
    const stage = await setUp();
    const { processes, port, gateway, admin } = stage;
    const client = await login(port);
    const token = { file: `${processes.folder}/missing` };
    processes.configure({ gateways: [gateway()], admin: { listen: admin.slice(7), token } });
    expect(await processes.start("--replace").ended).not.toBe(0);
    await goesOn(stage, client);
  });

  test("because it is killed before it is ready, whenever that is", async () => {
    const stage = await setUp();
    const { processes, port } = stage;
    const client = await login(port);
    for (const ms of [50, 150, 300]) {
      const from = processes.lines().length;
      const next = processes.start("--replace");
      await processes.logged("hand-over begun", from);
      process.kill(next.pid, "SIGSTOP");
      await sleep(ms / 10);
      process.kill(next.pid, "SIGKILL");
      await next.ended;
      const { detail } = await Promise.race([
        processes.logged("hand-over failed", from),
        processes.logged("handed over", from).then((): LogLine => ({ detail: "it was ready" })),
      ]);
      if (detail === "it was ready") return;
      expect(detail).toBe("the new process has ended before it was ready");
    }
    await goesOn(stage, client);
  });

  test("because it says that it is another version of the hand-over", async () => {
    const stage = await setUp();
    const client = await login(stage.port);
    const other = connect(socketOf(stage.processes));
    other.write(formatMessage({ kind: "request", release: "9.0.0" }, 9));
    const [answer] = (await once(other, "data")) as [Buffer];
    expect(JSON.parse(answer.toString())).toEqual({
      handover: 1,
      kind: "refused",
      reason: "you speak version 9 of the hand-over, it speaks version 1",
    });
    await once(other, "close");
    await goesOn(stage, client);
  });
});

describe("several workers", () => {
  test("are not replaced: whoever tries is told why, and they go on", async () => {
    const stage = await setUp({}, { workers: 2 });
    const { processes, first, port, gateway } = stage;
    const client = await login(port);
    const next = processes.start("--replace");
    expect(await next.ended).toBe(1);
    expect((await processes.logged("could not start"))["detail"]).toMatch(/^--replace does not go with workers: 2: /);
    processes.configure({ gateways: [gateway()] });
    const from = processes.lines().length;
    expect(await processes.start("--replace").ended).toBe(1);
    expect((await processes.logged("could not start", from))["detail"]).toMatch(/refuses: several workers can't be/);
    expect(await client.ask("NOOP")).toMatch(/^200 /);
    process.kill(first.pid, "SIGTERM");
    expect(await first.ended).toBe(0);
  });
});

describe("attack:", () => {
  test("the socket is for its user alone", async () => {
    const { processes } = await setUp();
    expect(statSync(socketOf(processes)).mode & 0o777).toBe(0o600);
  });

  test("another user's process that can reach the socket all the same is refused in words", async (context) => {
    context.skip(process.geteuid?.() !== 0, "only root can be another user, too");
    const { processes } = await setUp();
    const path = socketOf(processes);
    chmodSync(processes.folder, 0o755);
    chmodSync(path, 0o777);
    const script = `require("node:net").connect(${JSON.stringify(path)}).pipe(process.stdout)`;
    const ids = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    const { stdout } = spawnSync("setpriv", [...ids, process.execPath, "-e", script], { encoding: "utf8" });
    const reason = "it is user 0's, and you are user 65534";
    expect(JSON.parse(stdout)).toEqual({ handover: 1, kind: "refused", reason });
    expect(await processes.logged("hand-over refused")).toMatchObject({ user: 65_534 });
  });

  test("a configuration's socket in a folder that others may write to is not used", async () => {
    const server = await setServer();
    const listen = [`127.0.0.1:${await freePort()}`];
    const open = `/tmp/ftp-alg-open-${process.pid}`;
    mkdirSync(open);
    chmodSync(open, 0o777);
    onTestFinished(() => rmSync(open, { recursive: true }));
    const config = { gateways: [{ listen, route: { server: `127.0.0.1:${server.port}` } }] };
    const processes = createProcesses(config, { RUNTIME_DIRECTORY: open });
    onTestFinished(() => processes.stop());
    const first = processes.start();
    expect(await processes.logged("can't be replaced while it runs")).toMatchObject({
      detail: `${open}: other users may write to it`,
    });
    expect(await processes.start("--replace").ended).toBe(1);
    process.kill(first.pid, "SIGUSR2");
    expect(await processes.logged("can't be replaced")).toMatchObject({ level: "error" });
  });

  test("garbage, half messages, silence and crowds are sent away, and the next process takes over all the same", async () => {
    const { processes, first, port } = await setUp();
    const path = socketOf(processes);
    const before = descriptorsOf(first.pid);
    const open = async (bytes: string | Buffer): Promise<Socket> => {
      const socket = connect(path);
      socket.on("error", () => {});
      socket.write(bytes);
      // A reset is an end like any other.
      await new Promise<void>((resolve) => {
        socket.once("close", resolve).once("data", resolve);
        setTimeout(resolve, 200);
      });
      return socket;
    };
    const request = formatMessage({ kind: "request", release: "0.1.0" });
    const attacks = [
      ...["\n", "{}\n", "null\n", "x".repeat(100_000), Buffer.alloc(70_000, 0xff), request.slice(0, 20), ""],
      ...[`${"[".repeat(10_000)}\n`, formatMessage({ kind: "ready" }), "\n".repeat(10_000)],
      // After the request, too: the sockets are given, but nothing else is.
      ...[`${request}garbage\n`, request + request, request + formatMessage({ kind: "ready" })],
    ];
    for (const bytes of attacks) {
      const socket = await open(bytes);
      socket.destroy();
      await sleep(20);
    }
    const crowd = await Promise.all(Array.from({ length: 20 }, () => open("")));
    for (const socket of crowd) socket.destroy();
    await (await login(port)).ask("QUIT");
    await vi.waitFor(() => expect(descriptorsOf(first.pid)).toBeLessThanOrEqual(before + 1), { timeout: 10_000 });
    await replace(processes);
    expect(await first.ended).toBe(0);
  });

  test("a process that says it is ready and takes no clients gets them only for as long as it is there", async () => {
    const { processes, port } = await setUp();
    const socket = connect(socketOf(processes));
    socket.on("error", () => {});
    socket.write(formatMessage({ kind: "request", release: "0.1.0" }));
    await once(socket, "data");
    socket.write(formatMessage({ kind: "prepared" }));
    await processes.logged("hand-over begun");
    await sleep(100);
    socket.destroy();
    const { detail } = await processes.logged("hand-over failed");
    expect(detail).toBe("the new process has ended before it was ready");
    await login(port);
  });
});

test("a socket that is no gateway's, or answers with something else, is no process to replace: the new one says so and ends", async () => {
  const { processes, first } = await setUp();
  const path = socketOf(processes);
  process.kill(first.pid, "SIGKILL");
  await first.ended;
  unlinkSync(path);
  let answer = "";
  const impostor = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(answer));
  }).listen(path);
  onTestFinished(() => void impostor.close());
  const cases = [
    ["", "the running process has closed the connection"],
    ["hello\n", "the running process says something else than a hand-over: it is no JSON"],
    [
      formatMessage({ kind: "draining" }, 7),
      "the running process speaks version 7 of the hand-over, this one version 1",
    ],
    [formatMessage({ kind: "refused", reason: "not today" }, 7), "the running process refuses: not today"],
    [
      formatMessage({ kind: "socket", use: "control", wanted: endpoint, endpoint }),
      "the running process has sent a socket without its descriptor",
    ],
    [formatMessage({ kind: "sockets-end", release: "x", count: 3 }), "sockets are missing"],
  ] as const;
  for (const [said, why] of cases) {
    answer = said;
    const from = processes.lines().length;
    expect(await processes.start("--replace").ended).toBe(1);
    expect(await processes.logged("could not start", from)).toMatchObject({ detail: `can't take over: ${why}` });
  }
  writeFileSync(processes.file, "");
});

const endpoint = { address: "127.0.0.1", port: 21 };
