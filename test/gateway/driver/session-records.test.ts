import { expect, test } from "vitest";
import { createSecrets } from "../../../src/ftp/secrets.ts";
import { createSessionRecords } from "../../../src/gateway/driver/session-records.ts";
import type { SessionTelemetry } from "../../../src/observe/telemetry.ts";
import type { Fact } from "../../../src/session/facts.ts";

const command: Fact = { kind: "command", verb: "NOOP" };

function setUp(record: (fact: Fact) => void = () => {}) {
  const recorded: Fact[] = [];
  const later: (() => void)[] = [];
  const failures: unknown[] = [];
  const secrets = createSecrets();
  const telemetry: Pick<SessionTelemetry, "record" | "later"> = {
    record(fact) {
      record(fact);
      recorded.push(fact);
    },
    later: (make) => void later.push(make),
  };
  const records = createSessionRecords(telemetry, secrets, (error) => failures.push(error));
  return { records, recorded, later, failures, secrets };
}

test("facts are recorded later, together and in order, however many they are", () => {
  const { records, recorded, later } = setUp();
  records.add(command);
  records.add({ kind: "reply", code: 200 });
  expect(recorded).toEqual([]);
  expect(later).toHaveLength(1);
  later[0]?.();
  expect(recorded).toEqual([command, { kind: "reply", code: 200 }]);
  records.add(command);
  expect(later).toHaveLength(2);
});

test("facts that were recorded at once are not recorded again", () => {
  const { records, recorded, later } = setUp();
  records.add(command);
  records.make();
  for (const make of later) make();
  expect(recorded).toEqual([command]);
});

test("a detail repeats no secret that the session has heard", () => {
  const { records, recorded, secrets } = setUp();
  secrets.note("PASS hunter2");
  records.add({ kind: "ended", reason: "server-closing", detail: "530 hunter2 is wrong" });
  records.make();
  expect(recorded).toEqual([{ kind: "ended", reason: "server-closing", detail: "530 **** is wrong" }]);
});

test("a detail repeats no secret, though the session has heard many others by the time it is recorded", () => {
  const { records, recorded, secrets } = setUp();
  secrets.note("PASS hunter2");
  records.add({ kind: "ended", reason: "server-closing", detail: "530 hunter2 is wrong" });
  for (const guess of ["first", "second", "third", "fourth"]) secrets.note(`PASS ${guess}`);
  records.make();
  expect(recorded).toEqual([{ kind: "ended", reason: "server-closing", detail: "530 **** is wrong" }]);
});

test("a record that fails is told of, and those behind it are dropped", () => {
  const { records, recorded, failures } = setUp((fact) => {
    if (fact.kind === "reply") throw new Error("a bug");
  });
  for (const fact of [command, { kind: "reply", code: 200 }, command] as const) records.add(fact);
  records.make();
  expect(recorded).toEqual([command]);
  expect(failures).toEqual([new Error("a bug")]);
  records.add(command);
  records.make();
  expect(recorded).toHaveLength(2);
});
