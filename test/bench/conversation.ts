// How a measuring client is led: it says "ready" once it is logged in, works when told to, reports, and keeps its connections
// until it is let go.
import { setTimeout as sleep } from "node:timers/promises";
import type { Running } from "../lab/process.ts";
import type { Values } from "./row.ts";

const readyMs = 30_000;
const farewellMs = 5000;

/** Calls at the moments between which the work is done, the sessions open at both. */
export type Moments = { before?(): Promise<void>; after?(): Promise<void> };

/** The last line of what a program printed, which in Python names the exception. */
export const lastWords = (text: string): string => text.trim().split("\n").at(-1) ?? "";

async function dismiss(client: Running): Promise<void> {
  client.stdin.end();
  const given = new AbortController();
  const late = sleep(farewellMs, undefined, { signal: given.signal }).then(
    () => client.kill("SIGKILL"),
    () => {},
  );
  await client.ended;
  given.abort();
  await late;
}

/** What the client reports; rejects with its last words, or when it takes longer than the limit. */
export async function converse(client: Running, limitMs: number, moments: Moments = {}): Promise<Values> {
  try {
    await client.line(/^ready$/, readyMs);
    await moments.before?.();
    client.stdin.write("go\n");
    const report = await client.line(/^\{/, limitMs);
    await moments.after?.();
    return JSON.parse(report) as Values;
  } catch (error) {
    client.kill("SIGKILL");
    const printed = lastWords(client.output());
    const said = error instanceof Error && !error.message.includes("time over") ? error.message.split("\n")[0] : "";
    throw new Error(printed !== "" && printed !== "ready" ? printed : said || `took longer than ${limitMs / 1000} s`, {
      cause: error,
    });
  } finally {
    await dismiss(client);
  }
}
