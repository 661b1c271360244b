import { expect, test } from "vitest";
import { createEventFeed } from "../../src/observe/event-feed.ts";
import { createLogger } from "../../src/observe/log.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { createSessionHistory } from "../../src/observe/session-history.ts";
import { createTelemetry } from "../../src/observe/telemetry.ts";
import { createTransferLog } from "../../src/observe/transfer-log.ts";
import { dial, listen, startSession, transferEnded } from "./synthetic.ts";

const limits = { sessions: 10, failures: 10, bytesPerSession: 10_000, totalBytes: 10_000 };

function setUp() {
  const lines: string[] = [];
  const transferLog = createTransferLog();
  const telemetry = createTelemetry({
    metrics: createMetrics("0"),
    logger: createLogger({ level: "fatal", format: "json" }, () => {}),
    history: createSessionHistory(limits, createEventFeed()),
    transferLog,
  });
  const session = startSession(telemetry.gateway("public"));
  const say = (text: string): void =>
    session.step({ kind: "client-line", text, quirks: [] }, [{ kind: "to-server", bytes: `${text}\r\n` }]);
  let id = 0;
  return {
    transferLog,
    file: { append: (text: string) => void lines.push(text) },
    lines,
    say,
    transfer(command: string) {
      id += 1;
      session.open(listen, dial, id);
      say(command);
      session.record(transferEnded({ id, verb: command.split(" ", 1)[0] ?? "" }));
      session.flush();
    },
  };
}

test("as json each transfer, listings too, is a line with session and gateway, whatever the level of the log", () => {
  const { transferLog, file, lines, transfer } = setUp();
  transferLog.change(file, "json");
  transfer("RETR a b\u009b.txt");
  transfer("LIST");
  expect(lines).toHaveLength(2);
  expect(lines.join("")).not.toContain("\u009b");
  const [first, second] = lines.map((line) => JSON.parse(line) as object);
  expect(first).toMatchObject({ session: "k3f9", gateway: "public", path: "a b\u009b.txt", outcome: "complete" });
  expect(second).toMatchObject({ time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/), verb: "LIST" });
});

test("as xferlog each file is a line, and listings are none", () => {
  const { transferLog, file, lines, transfer } = setUp();
  transferLog.change(file, "xferlog");
  transfer("LIST");
  transfer("RETR a b.txt");
  expect(lines).toEqual([expect.stringMatching(/ 1 192\.168\.1\.100 1000 a_b\.txt a _ o r \? ftp 0 \* c\n$/)]);
});

test("the type is that of the client's last TYPE, text at first and after REIN", () => {
  const { transferLog, file, lines, transfer, say } = setUp();
  transferLog.change(file, "xferlog");
  for (const said of ["NOOP", "TYPE I", "type a n", "TYPE L 8", "REIN", "TYPEI", "Type i"]) {
    say(said);
    transfer("RETR x");
  }
  expect(lines.map((line) => / x ([ab]) _/.exec(line)?.[1]).join("")).toBe("ababaab");
});

test("nothing is written before there is a file, nor when it is gone again", () => {
  const { transferLog, file, lines, transfer } = setUp();
  transfer("RETR a");
  transferLog.change(file, "json");
  transfer("RETR b");
  transferLog.change(undefined, "json");
  transfer("RETR c");
  expect(lines.map((line) => (JSON.parse(line) as { path: string }).path)).toEqual(["b"]);
});
