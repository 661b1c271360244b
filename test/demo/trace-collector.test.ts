import { expect, test } from "vitest";
import { collectTraces } from "../../src/demo/trace-collector.ts";
import { createLogger } from "../../src/observe/log.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { createTelemetry } from "../../src/observe/telemetry.ts";

const client = { address: "192.0.2.7", port: 50000 };
const listener = { address: "192.0.2.1", port: 21 };

function collector() {
  const logged: string[] = [];
  const logger = createLogger({ level: "info", format: "json" }, (line) => void logged.push(line));
  const telemetry = createTelemetry({ metrics: createMetrics("0"), logger }).gateway("demo");
  return { logged, ...collectTraces(telemetry) };
}

const quit = { kind: "ended", reason: "quit", detail: "" } as const;

test("each session's lines are handed out together once it has ended, the last ones included", async () => {
  const { telemetry, trace, nextSession } = collector();
  const one = telemetry.sessionStarted("1", client, listener);
  const two = telemetry.sessionStarted("2", client, listener);
  trace("1", "C> NOOP");
  trace("2", "C> QUIT");
  const first = nextSession(1000);
  two.record(quit);
  trace("2", "     end quit");
  one.record(quit);
  expect(await first).toEqual(["C> QUIT", "     end quit"]);
  expect(await nextSession(1000)).toEqual(["C> NOOP"]);
});

test("what it wraps still hears every fact", () => {
  const { telemetry, logged } = collector();
  telemetry.sessionStarted("1", client, listener).record(quit);
  expect(logged.join("")).toContain("session ended");
});

test("a session that does not end in time is an error", async () => {
  const { telemetry, nextSession } = collector();
  telemetry.sessionStarted("1", client, listener);
  await expect(nextSession(10)).rejects.toThrow("the session did not end within 10 ms");
});

test("of an endless session the beginning is kept, within a limit", async () => {
  const { telemetry, trace, nextSession } = collector();
  const session = telemetry.sessionStarted("1", client, listener);
  for (let line = 0; line < 5000; line += 1) trace("1", `C> NOOP ${line}`);
  session.record(quit);
  const transcript = await nextSession(1000);
  expect(transcript[0]).toBe("C> NOOP 0");
  expect(transcript).toHaveLength(1000);
});

test("a listener gets what has ended before and after it came", async () => {
  const { telemetry, trace, onSession } = collector();
  const shown: (readonly string[])[] = [];
  for (const id of ["1", "2"]) {
    const session = telemetry.sessionStarted(id, client, listener);
    trace(id, `C> ${id}`);
    session.record(quit);
    await new Promise((resolve) => setImmediate(resolve));
    if (id === "1") onSession((transcript) => void shown.push(transcript));
  }
  expect(shown).toEqual([["C> 1"], ["C> 2"]]);
});
