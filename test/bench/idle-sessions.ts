// Idle sessions: what a session that does nothing costs in memory.
import { setTimeout as sleep } from "node:timers/promises";
import { who, type Contender } from "./contender.ts";
import { converse } from "./conversation.ts";
import { family, grown, memory } from "./load.ts";
import { enoughLimitMs, enoughSeconds, type Measure } from "./measuring.ts";
import type { Values } from "./row.ts";
import type { Stage } from "./stage.ts";

const warmUpSessions = 100;
const settleMs = 1000;

const scrapes = 20;

/** How long our own gateways take to tell their metrics, while the sessions are there. */
async function scrapeTimes(stage: Stage, { metrics }: Contender): Promise<Values> {
  if (metrics === undefined) return {};
  const { p50 = Number.NaN, p99 = Number.NaN } = await converse(
    stage.python("client", "scrapes.py", [metrics, scrapes]),
    enoughLimitMs,
  );
  return { scrapeP50: p50, scrapeP99: p99 };
}

/** How much memory of a process that has just begun each session takes. */
export const growth: Measure["run"] = async (stage, contender, entrance, { sessions }) => {
  const { process, processPerSession } = contender;
  if (process === undefined) throw new Error("no process to look at");
  const count = processPerSession === true ? Math.ceil(sessions / 20) : sessions;
  // The code that a session needs is loaded and compiled with the first ones; it is not theirs.
  const warmUp = stage.python("client", "sessions.py", [...who(entrance), warmUpSessions, 10, "quit", enoughSeconds]);
  await converse(warmUp, enoughLimitMs);
  await sleep(settleMs);
  const before = await memory(await family(process.pid));
  const client = stage.python("client", "sessions.py", [...who(entrance), count, 20, "stay", enoughLimitMs / 1000]);
  let after = before;
  let scrape: Values = {};
  const { done = Number.NaN } = await converse(client, 2 * enoughLimitMs, {
    async after() {
      await sleep(settleMs);
      after = await memory(await family(process.pid));
      scrape = await scrapeTimes(stage, contender);
    },
  });
  return { kibPerSession: grown(before, after) / done, sessions: done, ...scrape };
};
