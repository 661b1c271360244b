// Hand-overs under load: a process is replaced again and again, by --replace and by SIGUSR2 in turn, while clients log in and transfer.
import { setTimeout as sleep } from "node:timers/promises";
import { startLoad, startLoadServer, type Tally } from "./load.ts";
import { createProcesses } from "./processes.ts";

export type Replaced = Tally & {
  readonly handovers: number;
  /** Exit codes of those that were replaced and that this process has started. */
  readonly codes: readonly (number | null)[];
  /** Lines of the log at warn and above that no hand-over should bring. */
  readonly warnings: readonly string[];
  /** Planes that transfers took. */
  readonly planes: readonly string[];
};

export type ReplaceOptions = {
  readonly count: number;
  readonly plane: string;
  /** Of control connections; by default what the machine takes. */
  readonly driver?: string;
  readonly loginsPerSecond?: number;
};

/** A fleet of processes one after the other, on loopback. */
export async function replaceUnderLoad({
  count,
  plane,
  driver = "auto",
  loginsPerSecond = 100,
}: ReplaceOptions): Promise<Replaced> {
  const server = await startLoadServer();
  const processes = createProcesses({
    log: { level: "debug" },
    driver,
    gateways: [
      {
        name: "one",
        listen: ["127.0.0.1:0"],
        route: { server: `127.0.0.1:${server.port}` },
        clientSide: { dataPorts: "23100-23199" },
        dataPlane: plane,
        limits: { sessions: 500, sessionsPerClient: 100, pinholesPerClient: 100 },
        timeouts: { drain: "30s" },
      },
    ],
  });
  try {
    const codes: Promise<number | null>[] = [];
    const first = processes.start();
    codes.push(first.ended);
    let pid = first.pid;
    const { endpoint } = await processes.logged("listening");
    const port = Number(String(endpoint).split(":").at(-1));
    const load = startLoad("127.0.0.1", port, loginsPerSecond, 6);
    await sleep(500);
    for (let index = 0; index < count; index += 1) {
      const from = processes.lines().length;
      if (index % 2 === 0) {
        const next = processes.start("--replace");
        codes.push(next.ended);
        await processes.logged("took over", from);
        pid = next.pid;
      } else {
        process.kill(pid, "SIGUSR2");
        await processes.logged("took over", from);
        pid = Number((await processes.logged("new process started", from))["pid"]);
      }
      await sleep(600);
    }
    await load.stop();
    process.kill(pid, "SIGTERM");
    // The log of the last one ends so.
    await processes.logged("draining");
    const known = new Set(["too few descriptors"]);
    const lines = processes.lines();
    return {
      ...load.tally,
      handovers: lines.filter(({ msg }) => msg === "handed over").length,
      codes: await Promise.all(codes),
      warnings: lines.flatMap(({ level, msg = "", ...rest }) =>
        ["warn", "error", "fatal"].includes(String(level)) && !known.has(msg) ? [`${msg} ${JSON.stringify(rest)}`] : [],
      ),
      planes: [...new Set(lines.flatMap(({ msg, plane: one }) => (msg === "transfer started" ? [String(one)] : [])))],
    };
  } finally {
    processes.stop();
    server.stop();
  }
}
