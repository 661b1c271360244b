import { expect, test } from "vitest";
import { observe } from "./observing.ts";

test("attack: a thousand refusals of one reason in a session are one line in the log, and one more with their count", async () => {
  const { start, lines, counted } = observe("info");
  const session = start();
  for (let n = 0; n < 1000; n += 1) session.record({ kind: "refusal", reason: "nul-byte", detail: `line ${n}` });
  session.record({ kind: "refusal", reason: "low-port", detail: "PORT refused" });
  session.record({ kind: "ended", reason: "too-many-bad-lines", detail: "" });
  expect(await counted("refusals_total")).toEqual({ "nul-byte": 1000, "low-port": 1 });
  expect(lines.filter(({ msg }) => msg !== "session started")).toMatchObject([
    { level: "warn", msg: "refused", reason: "nul-byte", detail: "line 0" },
    { level: "warn", msg: "refused", reason: "low-port" },
    { level: "warn", msg: "repeated", message: "refused", reason: "nul-byte", count: 999 },
    { level: "info", msg: "session ended" },
  ]);
});

test("at debug each of them is a line", async () => {
  const { start, lines, counted } = observe("debug");
  const session = start();
  for (let n = 0; n < 3; n += 1) session.record({ kind: "refusal", reason: "nul-byte", detail: `line ${n}` });
  await counted("refusals_total");
  expect(lines.filter(({ msg }) => msg === "refused").map(({ level }) => level)).toEqual(["warn", "debug", "debug"]);
});
