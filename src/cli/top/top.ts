// Top, `ftp-alg top`: asks a running gateway again and again, and shows what it says on the whole screen, or line by line where there is
// no terminal.
import { setTimeout as sleep } from "node:timers/promises";
import type { SessionAnswer, StatusAnswer } from "../../observe/api/schemas.ts";
import type { Io } from "../../process/io.ts";
import type { Terminal } from "../../process/terminal.ts";
import { isAdminError, type AdminClient } from "../admin-client.ts";
import { formatBytes } from "../amounts.ts";
import { clockNow, localTime } from "../local-time.ts";
import { paintFor } from "../style.ts";
import { readKeys } from "./keys.ts";
import { ratesOf, totalsOf, type Rates, type Snapshot } from "./snapshot.ts";
import { initialState, pressed, type TopState } from "./state.ts";
import { drawTop, drawTrace, type Drawn } from "./view.ts";

type Sessions = { readonly sessions: readonly SessionAnswer[] };

/** As many as a screen may show, and more. */
const mostLive = 500;
const mostFailed = 50;
const mostHistory = 120;

/** Returns the exit code. Rejects with an AdminError if the first answer is missing. */
export async function watch(client: AdminClient, intervalMs: number, io: Io): Promise<number> {
  const first = await askSnapshot(client);
  if (io.terminal === undefined) await printLines(client, first, intervalMs, io);
  else await showScreen(client, first, intervalMs, io, io.terminal);
  return 0;
}

async function askSnapshot(client: AdminClient): Promise<Snapshot> {
  const [status, live, failed] = await Promise.all([
    client.json<StatusAnswer>("/api/status"),
    client.json<Sessions>(`/api/sessions?state=live&limit=${mostLive}`),
    client.json<Sessions>(`/api/sessions?failed=true&limit=${mostFailed}`),
  ]);
  return { at: performance.now(), status, live: live.sessions, failed: failed.sessions };
}

async function printLines(client: AdminClient, first: Snapshot, intervalMs: number, io: Io): Promise<void> {
  let before: Snapshot | undefined;
  let now = first;
  for (;;) {
    io.out(`${plainLine(now, ratesOf(before, now))}\n`);
    await sleep(intervalMs, undefined, { signal: io.stop }).catch(() => {});
    if (io.stop.aborted) return;
    before = now;
    now = await askSnapshot(client);
  }
}

/** `time=… sessions=3 sessionsPerSecond=0.5 …`: words that are easily looked for. */
function plainLine({ status }: Snapshot, { bytesUp, bytesDown, sessions }: Rates): string {
  const sum = (key: "sessions" | "transfers"): number => status.gateways.reduce((total, one) => total + one[key], 0);
  const { failures, refusals } = totalsOf(status);
  const rates = `sessions=${sum("sessions")} new=${sessions.toFixed(1)}/s transfers=${sum("transfers")}`;
  const bytes = [`down=${formatBytes(bytesDown)}/s`, `up=${formatBytes(bytesUp)}/s`].map((text) =>
    text.replace(" ", ""),
  );
  return `${clockNow()} ${status.state} ${rates} ${bytes.join(" ")} failures=${failures} refusals=${refusals}`;
}

async function showScreen(
  client: AdminClient,
  first: Snapshot,
  intervalMs: number,
  io: Io,
  terminal: Terminal,
): Promise<void> {
  const paint = paintFor({ ...io, columns: terminal.size().columns });
  const over = new AbortController();
  let state: TopState = initialState;
  let snapshot = first;
  let rates = ratesOf(undefined, first);
  let history: readonly number[] = [];
  let problem: string | undefined;
  let traceText: readonly string[] = [];
  let drawn: Drawn = { lines: [], ids: [], page: 1 };

  function draw(): void {
    const look = { ...terminal.size(), paint, timeOf: localTime(), now: clockNow() };
    const { trace } = state;
    drawn =
      trace === undefined
        ? drawTop({ snapshot, rates, history, url: client.url, problem }, state, look)
        : drawTrace(trace.id, traceText, trace.scroll, look);
    terminal.show(drawn.lines);
  }

  async function askTrace(): Promise<void> {
    const { trace } = state;
    if (trace === undefined) return;
    const width = Math.max(40, terminal.size().columns);
    const path = `/api/sessions/${encodeURIComponent(trace.id)}/trace?format=ladder&width=${width}`;
    const text = await client.text(path).catch((error: Error) => error.message);
    traceText = text.split("\n").slice(0, text.endsWith("\n") ? -1 : undefined);
  }

  function press(bytes: string): void {
    const before = state.trace;
    for (const key of readKeys(bytes)) state = pressed(state, key, { ...drawn, traceRows: traceText.length });
    if (state.isOver) return over.abort();
    if (state.trace !== undefined && before === undefined) traceText = [];
    draw();
    if (state.trace !== undefined && before === undefined) void askTrace().then(draw);
  }

  async function ask(): Promise<void> {
    try {
      const next = await askSnapshot(client);
      rates = ratesOf(snapshot, next);
      history = [...history, rates.bytesUp + rates.bytesDown].slice(-mostHistory);
      snapshot = next;
      problem = undefined;
    } catch (error) {
      if (!isAdminError(error)) throw error;
      problem = error.message;
    }
    await askTrace();
  }

  io.onReload(() => over.abort());
  const signal = AbortSignal.any([io.stop, over.signal]);
  terminal.open({ key: press, resized: draw });
  try {
    for (;;) {
      draw();
      await sleep(intervalMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      if (!state.isPaused) await ask();
      if (signal.aborted) return;
    }
  } finally {
    terminal.close();
  }
}
