// `npm run soak`: honest sessions that are held for a while, or with --hostile sessions that attack; figures, and an exit status.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { planeNames } from "../../src/dataplane/pinhole.ts";
import {
  type Holdings,
  type Site,
  type SoakGateway,
  type SoakSections,
  startSoakGateway,
  watchGateway,
} from "./gateway.ts";
import { holdSessions } from "./honest.ts";
import { playHostile } from "./hostile.ts";
import { soakInLab } from "./in-lab.ts";

const usage = `npm run soak -- [--minutes N] [--sessions N] [--plane NAME]   honest sessions; by default 2000 for 2 minutes
npm run soak -- --hostile [--sessions N]                      hostile sessions; by default 10000

On loopback, in front of a server of ours, without root. The plane is auto, relay or splice; or kernel, in network namespaces and
as root. Exit status: 0 if nothing is wrong, else 1.
`;

const mebibyte = 1024 * 1024;
const inMiB = (bytes: number): string => `${(bytes / mebibyte).toFixed(1)} MiB`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Prints what is asked and whether it is so. */
function judge(verdicts: readonly (readonly [what: string, isGood: boolean])[]): number {
  for (const [what, isGood] of verdicts) say(`${isGood ? "good" : "BAD "}  ${what}`);
  return verdicts.every(([, isGood]) => isGood) ? 0 : 1;
}

async function soak(gateway: SoakGateway, sessions: number, minutes: number, plane: string): Promise<number> {
  const ms = minutes * 60_000;
  const resident: number[] = [];
  const sampler = setInterval(() => void gateway.residentBytes().then((bytes) => resident.push(bytes)), ms / 40);
  const lags: number[] = [];
  const lagSampler = setInterval(() => void gateway.lagP99Ms().then((late) => lags.push(late)), ms / 4 - 100);
  const ownDelay = monitorEventLoopDelay();
  ownDelay.enable();
  const tally = await holdSessions(gateway.site, sessions, ms);
  clearInterval(sampler);
  clearInterval(lagSampler);
  const quarter = (index: number): number[] =>
    tally.replies.filter(({ at }) => Math.floor((at * 4) / ms) === index).map(({ ms: took }) => took);
  const p99s = [0, 1, 2, 3].map((index) => percentile(quarter(index), 0.99));
  const half = resident.slice(Math.floor(resident.length / 2));
  const middle = Math.max(...half.slice(0, half.length / 2));
  const last = Math.max(...half.slice(half.length / 2));
  say(
    `${sessions} sessions, ${minutes} min: ${tally.replies.length} NOOP, ${tally.transfers} transfers, ${inMiB(tally.bytes)}`,
  );
  say(`NOOP p99 of each quarter: ${p99s.map((p99) => `${p99.toFixed(1)} ms`).join(", ")}`);
  const lateMs = [ownDelay.percentile(99), ownDelay.percentile(99.9)].map((late) => (late / 1e6).toFixed(1));
  say(`event loops were late: this program's by ${lateMs.join(" and ")} ms (p99, p99.9), the gateway's by`);
  say(`${lags.map((late) => late.toFixed(1)).join(", ")} ms (p99 of each quarter)`);
  say(`the gateway used ${(await gateway.cpuSeconds()).toFixed(1)} s of a processor`);
  say(`resident, largest of the third and of the last quarter: ${inMiB(middle)}, ${inMiB(last)}`);
  const carried = await gateway.carried();
  say(`carried by ${[...carried].map(([name, count]) => `${name} (${count})`).join(", ")}`);
  const isStray = (name: string): boolean => plane !== "auto" && name !== plane && (carried.get(name) ?? 0) > 0;
  for (const [text, count] of tally.complaints) say(`${count} times: ${text}`);
  const [, second = 0, , fourth = 0] = p99s;
  return judge([
    [`wrong transfers: ${tally.wrongBytes}`, tally.wrongBytes === 0],
    [`lost replies: ${tally.lostReplies}`, tally.lostReplies === 0],
    [`the plane asked for, ${plane}, carried every transfer`, !planeNames.some(isStray)],
    ["p99 of the last quarter is at most twice that of the second, and 100 ms", fourth <= second * 2 + 100],
    ["memory of the last quarter is at most a tenth above that of the third", last <= middle * 1.1],
  ]);
}

const hostileSections: SoakSections = {
  timeouts: { login: "3s", idle: "3s", pinhole: "3s", dataStall: "3s", linger: "1s", connect: "3s" },
  // Full before the first look: while it fills up, the heap grows with it.
  history: { sessions: 50, failures: 50 },
};

/** The data plane splice keeps 32 pipes for the next transfers; the rest is Node's. */
const mostPipeEnds = 2 * 32 + 16;

async function attackIt(gateway: SoakGateway, sessions: number): Promise<number> {
  // What is made once (pools, compiled code, caches of addresses) is made before the first look.
  await playHostile(gateway.site.port, 1000);
  const before = await untilQuiet(gateway);
  const began = performance.now();
  const connected = await playHostile(gateway.site.port, sessions);
  say(
    `${sessions} hostile sessions, ${connected} of them connected, in ${Math.round((performance.now() - began) / 1000)} s`,
  );
  const after = await untilQuiet(gateway);
  for (const key of Object.keys(before) as (keyof Holdings)[]) say(`${key.padEnd(14)} ${before[key]} -> ${after[key]}`);
  const same = (key: keyof Holdings) => [`${key} are given back`, after[key] <= before[key]] as const;
  return judge([
    same("descriptors"),
    [`ends of pipes: ${after.pipeEnds}, at most ${mostPipeEnds}`, after.pipeEnds <= mostPipeEnds],
    same("dataPorts"),
    same("sessions"),
    same("pinholes"),
    [`timers: ${after.timers}, at most two more than before`, after.timers <= before.timers + 2],
    ["the heap has grown by 4 MiB at most", after.heapBytes <= before.heapBytes + 4 * mebibyte],
    ["every session could connect", connected === sessions],
  ]);
}

/** Once the last session has ended and what lingers has gone. */
async function untilQuiet(gateway: SoakGateway): Promise<Holdings> {
  for (let waited = 0; ; waited += 500) {
    const holdings = await gateway.holdings();
    if ((holdings.sessions === 0 && holdings.pinholes === 0 && waited >= 5000) || waited > 30_000) return holdings;
    await sleep(500);
  }
}

const options = {
  help: { type: "boolean", default: false },
  hostile: { type: "boolean", default: false },
  minutes: { type: "string", default: "2" },
  sessions: { type: "string", default: "" },
  plane: { type: "string", default: "auto" },
  /** Only the sessions: the gateway is there already. */
  site: { type: "string", default: "" },
} as const;

async function main(): Promise<number> {
  const { values } = parseArgs({ options });
  const { hostile, plane, site } = values;
  const isPlane = ["auto", ...planeNames].includes(plane) && !(hostile && plane === "kernel");
  if (values.help || !isPlane) {
    say(usage);
    return values.help ? 0 : 2;
  }
  const sessions = Number(values.sessions || (hostile ? 10_000 : 2000));
  const play = (gateway: SoakGateway): Promise<number> =>
    hostile ? attackIt(gateway, sessions) : soak(gateway, sessions, Number(values.minutes), plane);
  if (site !== "") return await play(await watchGateway(JSON.parse(site) as Site));
  if (plane === "kernel") return await soakInLab(plane, process.argv.slice(2));
  const port = 61_000 + 2 * Math.floor(Math.random() * 2000);
  const { gateway, stop } = await startSoakGateway(port, plane, hostile ? hostileSections : {});
  const status = await play(gateway);
  const code = await stop();
  say(`the gateway ended with ${String(code)}`);
  return code === 0 ? status : 1;
}

process.exit(await main());
