import fc from "fast-check";
import { expect, test } from "vitest";
import { maskCommand } from "../../src/ftp/command.ts";
import { maskedStep } from "../../src/observe/masked-step.ts";
import type { SessionEffect } from "../../src/session/events.ts";

const plain = (text: string): string => text;
const toServer = (bytes: string): SessionEffect => ({ kind: "to-server", bytes });
const kept = (...effects: SessionEffect[]) => maskedStep(0, undefined, effects, plain);

test("commands are masked line by line, whatever ends them", () => {
  const masked = (bytes: string) => kept(toServer(bytes)).step.effects;
  expect(masked("PASS hunter2\r\n")).toEqual([toServer("PASS ****\r\n")]);
  expect(masked("PASS\r\n")).toEqual([toServer("PASS\r\n")]);
  expect(masked("USER u\r\nPASS hunter2\r\n")).toEqual([toServer("USER u\r\nPASS ****\r\n")]);
  fc.assert(
    fc.property(fc.array(fc.string()), (lines) => {
      const bytes = lines.map((line) => `${line}\r\n`).join("");
      expect(masked(bytes)).toEqual([toServer(bytes.split("\r\n").map(maskCommand).join("\r\n"))]);
    }),
  );
});

test("what has nothing to hide is kept as it is, uncopied", () => {
  const effect = toServer("NOOP\r\n");
  const event = { kind: "client-line", text: "NOOP", quirks: [] } as const;
  const { step } = maskedStep(0, event, [effect], plain);
  expect([step.event === event, step.effects[0] === effect]).toEqual([true, true]);
});

test("timers and counting are left out, and what no transcript shows is known and not kept", () => {
  const login: SessionEffect = { kind: "record", fact: { kind: "logged-in", user: "u" } };
  const refusal: SessionEffect = { kind: "record", fact: { kind: "refusal", reason: "tls", detail: "" } };
  const { step, known } = kept(
    { kind: "timer", timer: "idle", ms: 1 },
    { kind: "record", fact: { kind: "command", verb: "NOOP" } },
    login,
    refusal,
  );
  expect(step.effects).toEqual([refusal]);
  expect(known).toEqual([login, refusal]);
});

test("the bytes are those of the texts and something for each part", () => {
  const short = kept(toServer("NOOP\r\n")).step.bytes;
  expect(short).toBeGreaterThan(100);
  expect(kept(toServer(`NOOP ${"x".repeat(1000)}\r\n`)).step.bytes).toBe(short + 1001);
});
