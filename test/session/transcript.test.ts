// The text of a session is an inverse pair: what is written of an event is read back as the same event.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatEffect, formatEvent } from "../../src/session/transcript.ts";
import { parseEvent } from "../../src/session/transcript-reader.ts";
import type { SessionEvent } from "../../src/session/events.ts";
import { anyEvent, context } from "./any-event.ts";
import { feed, playFromStart, prologue } from "./play.ts";

/** All that `anyEvent` makes but secrets. */
const readable = anyEvent.filter(
  (event) => event.kind !== "client-line" || !/pass|acct|adat|mic|site/i.test(event.text),
);

test("every event is read back as it was written", () => {
  fc.assert(
    fc.property(readable, (event) => {
      expect(parseEvent(formatEvent(event), context)).toEqual(event);
    }),
    { numRuns: 2000 },
  );
});

describe("a margin line", () => {
  test.each<[string, SessionEvent]>([
    ["C> PASV", { kind: "client-line", text: "PASV", quirks: [] }],
    ["C>", { kind: "client-line", text: "", quirks: [] }],
    ["C>  PASV", { kind: "client-line", text: " PASV", quirks: [] }],
    ["C(bare-lf,odd-separator)> a", { kind: "client-line", text: "a", quirks: ["bare-lf", "odd-separator"] }],
    ["S> 220-", { kind: "server-line", text: "220-", raw: "220-\r\n" }],
    ["S(bare-lf)> 220 a", { kind: "server-line", text: "220 a", raw: "220 a\n" }],
    ["opened", { kind: "pinhole", id: 1, event: { kind: "opened", plane: "relay" } }],
    [
      "opened 192.0.2.1:50010 by splice #2",
      {
        kind: "pinhole",
        id: 2,
        event: { kind: "opened", plane: "splice", client: { address: "192.0.2.1", port: 50010 } },
      },
    ],
    [
      "opened [fd00::1]:50010, server side [fd00::2]:51000 by kernel",
      {
        kind: "pinhole",
        id: 1,
        event: {
          ...{ kind: "opened", plane: "kernel" },
          client: { address: "fd00::1", port: 50010 },
          server: { address: "fd00::2", port: 51000 },
        },
      },
    ],
    [
      "closed stalled 1 up 2 down in 3 ms #4: no byte: #5",
      {
        kind: "pinhole",
        id: 4,
        event: {
          ...{ kind: "closed", outcome: "stalled", bytesUp: 1, bytesDown: 2, durationMs: 3 },
          detail: "no byte: #5",
        },
      },
    ],
    [
      "other source port on the client side than 20: EACCES",
      { kind: "pinhole", id: 1, event: { kind: "other-source-port", side: "client", wanted: 20, detail: "EACCES" } },
    ],
    ["stop drained: too long", { kind: "stop", reason: "drained", detail: "too long" }],
  ])("%s", (line, event) => {
    expect(parseEvent(line, context)).toEqual(event);
    expect(formatEvent(event).trimEnd()).toBe(line);
  });

  test("may leave out where our end is, and what is known of the server", () => {
    expect(parseEvent("connected 10.0.0.5:21", context)).toEqual({
      ...{ kind: "connected", peer: { address: "10.0.0.5", port: 21 } },
      ...context,
    });
  });

  test.each([
    "closed complet",
    "opened nowhere",
    "opened 192.0.2.1:50010, 10.0.0.1:51000",
    "not opened because",
    "admitted somebody 10.0.0.5:20",
    "admitted client nowhere",
    "timer teatime",
    "stop please",
    "C refused everything",
    "C(odd-hat)> PASV",
    "connected nowhere",
    "connected 10.0.0.5:21 from nowhere",
    "connected 10.0.0.5:21 from 10.0.0.1:4000 rejecting RETR",
    "D> PASV",
    "",
  ])("that is none is not taken for one: %j", (line) => {
    expect(parseEvent(line, context)).toBeUndefined();
  });
});

test("a transcript of a session is a script that plays", () => {
  const lines = [
    "     connect 10.0.0.5:21",
    "connected 10.0.0.5:21 from 10.0.0.1:40001 as 198.51.100.1 rejecting EPRT",
    "S> 220 ready",
    "     >C 220 ready",
    "C> USER u",
    "     >S USER u",
    "S> 230 in",
    "     >C 230 in",
    "     quirk login-without-password",
    "C(bare-lf)> PORT 192,168,1,100,10,21",
    "     quirk bare-lf",
    "     open server side for 10.0.0.5, dial 192.168.1.100:2581 from 20",
    "opened server side 10.0.0.1:51000",
    "     >S PORT 198,51,100,1,199,56",
  ];
  const { effects } = playFromStart(lines.join("\n"));
  const shown = effects.flatMap(formatEffect);
  expect(shown).toEqual(lines.filter((line) => line.startsWith(" ")));
});

describe("secrets", () => {
  const secret = "s3cr3t";

  test.each([
    `PASS ${secret}`,
    `pass ${secret}`,
    ` PASS  ${secret}`,
    `ACCT ${secret}`,
    `PASS${secret}`,
    `SITE PSWD a ${secret}`,
  ])("stand in no transcript and in no fact: %j", (line) => {
    const event: SessionEvent = { kind: "client-line", text: line, quirks: [] };
    expect(formatEvent(event)).not.toContain(secret);
    for (const options of [{}, { policy: { commands: { allow: ["CWD"] } } }, { policy: { readOnly: true } }]) {
      const { effects, facts } = feed(
        `${prologue[4]}
C> ${line}
S> 500 No`,
        options,
      );
      expect(effects.flatMap(formatEffect).join()).not.toContain(secret);
      expect(JSON.stringify(facts).toLowerCase()).not.toContain(secret);
    }
  });
});

test("any text is read as an event that has a text, or as none", () => {
  const word = fc.constantFrom(
    ...[
      "C",
      "S",
      ">",
      "> ",
      "(bare-lf)",
      "opened",
      "closed",
      "complete",
      "not",
      "admitted",
      "client",
      "server",
      "side",
      "by",
    ],
    ...[
      "other",
      "timer",
      "idle",
      "stop",
      "connected",
      "resolved",
      "refused",
      "lost",
      "#2",
      "#",
      ": ",
      "1.2.3.4:5",
      "[::1]:5",
    ],
    ...[
      "1.2.3.4",
      "99999999999999999999",
      "from",
      "as",
      "rejecting",
      "EPSV",
      "in",
      "ms",
      "up",
      "down",
      "\xff",
      "telnet ff",
    ],
  );
  const line = fc.oneof(
    fc.array(word, { maxLength: 10 }).map((words) => words.join(" ")),
    fc.array(word, { maxLength: 10 }).map((words) => words.join("")),
    fc.string({ unit: "binary", maxLength: 40 }),
  );
  fc.assert(
    fc.property(line, (text) => {
      const event = parseEvent(text, context);
      if (event !== undefined) expect(formatEvent(event)).not.toMatch(/undefined|NaN|\[object/);
    }),
    { numRuns: 5000 },
  );
}, 20_000);
