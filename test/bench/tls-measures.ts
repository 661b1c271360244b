// What is measured where the connections of clients run TLS.
import { setTimeout as sleep } from "node:timers/promises";
import { who, type TlsServerName } from "./contender.ts";
import { converse } from "./conversation.ts";
import { growth } from "./idle-sessions.ts";
import {
  carry,
  type Direction,
  enoughLimitMs,
  enoughSeconds,
  type Measure,
  roundTrips,
  type Transfers,
  watched,
} from "./measuring.ts";

const one = (direction: Direction): Transfers => ({ direction, mode: "passive", atOnce: 1 });

const bulk = (direction: Direction, server: TlsServerName): Measure => ({
  name: server === "tls" ? `TLS ${direction}` : `TLS ${direction}, both legs`,
  section: "tls",
  server,
  mode: "passive",
  run: (...run) => carry(one(direction), ...run),
});

const handshakes = (kind: "full" | "resumed"): Measure => ({
  name: `TLS handshakes, ${kind}`,
  section: "tls",
  server: "tls",
  async run(stage, contender, entrance, { logins: count }) {
    const [host, port] = who(entrance);
    const { processPerSession } = contender;
    const many = processPerSession === true ? Math.ceil(count / 20) : count;
    const client = stage.python("client", "handshakes.py", [host, port, kind, many, enoughSeconds]);
    const cpu = watched(contender);
    const reported = await converse(client, enoughLimitMs, cpu.moments);
    const { done = Number.NaN, seconds = Number.NaN, resumed = Number.NaN } = reported;
    // Processes of sessions that are over can't be asked any more.
    const cpuEach = processPerSession === true ? {} : { cpuEach: cpu.used().own / done };
    return { perSecond: done / seconds, resumedShare: resumed / done, ...cpuEach };
  },
});

const loadSettlesMs = 500;
/** It runs until its client is ended. */
const endless = 1024 ** 4;

const busy: Measure = {
  name: "TLS NOOP, two downloads",
  section: "tls",
  server: "tls",
  mode: "passive",
  async run(stage, contender, entrance, { roundTrips: count }) {
    const load = stage.python("client", "bulk.py", [...who(entrance), "download", "passive", endless, 2]);
    try {
      await load.line(/^ready$/);
      load.stdin.write("go\n");
      await sleep(loadSettlesMs);
      return await roundTrips(stage, contender, entrance, "NOOP", count);
    } finally {
      load.kill("SIGKILL");
      await load.ended;
    }
  },
};

const idle: Measure = {
  name: "TLS idle sessions",
  section: "tls",
  server: "tls",
  fresh: true,
  needsProcess: true,
  run: growth,
};

/** In the order in which they are run. */
export const tlsMeasures: readonly Measure[] = [
  idle,
  bulk("download", "tls"),
  bulk("upload", "tls"),
  bulk("download", "tls-both"),
  bulk("upload", "tls-both"),
  busy,
  handshakes("full"),
  handshakes("resumed"),
];

/** Done before anything is measured: the first transfer of a process is dearer. */
export const tlsWarmUp: readonly Measure[] = tlsMeasures.filter((measure) => measure !== busy && measure !== idle);
