// Events of every kind with every content that their types allow, sensible more often than not: what fuzz tests feed.
import fc from "fast-check";
import { formatPort } from "../../src/ftp/host-port.ts";
import { quirks } from "../../src/ftp/quirks.ts";
import type { PinholeEvent } from "../../src/dataplane/pinhole.ts";
import type { SessionEvent } from "../../src/session/events.ts";
import { modes } from "../../src/session/mode.ts";
import { endReasons } from "../../src/session/reasons.ts";
import type { TranscriptContext } from "../../src/session/transcript-reader.ts";

export const context: TranscriptContext = {
  local: { address: "10.0.0.1", port: 40001 },
  advertise: "10.0.0.1",
  rejects: [],
};

const port = fc.integer({ min: 0, max: 65535 });
const address = fc.constantFrom(
  "10.0.0.5",
  "192.168.1.100",
  "192.0.2.1",
  "203.0.113.9",
  "fd00:1::100",
  "127.0.0.1",
  "0.0.0.0",
);
const endpoint = fc.record({ address, port });

/** One line of latin1, without the bytes that end it. */
const text = fc
  .string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 20 })
  .map((line) => line.replace(/[\r\n]/g, " "));
const detail = fc.constantFrom("", "ECONNRESET", "no byte for 5 s", "a: b #3", "10.0.0.5:21 ECONNREFUSED");

const hostPort = fc.record({ address: fc.constantFrom("10.0.0.5", "192.168.1.100", "0.0.0.0", "10.9.9.9"), port });

const commandLine = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("PASV", "EPSV", "EPSV ALL", "EPSV 2", "pasv x") },
  { weight: 4, arbitrary: hostPort.map((end) => `PORT ${formatPort(end)}`) },
  {
    weight: 2,
    arbitrary: endpoint.map((end) => `EPRT |${end.address.includes(":") ? 2 : 1}|${end.address}|${end.port}|`),
  },
  { weight: 6, arbitrary: fc.constantFrom("RETR a", "STOR a", "LIST", "XLST", "STOU") },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      "ABOR",
      "NOOP",
      "STAT",
      "STAT a",
      "CWD /",
      "REST 5",
      "FEAT",
      "ALGS STATUS64",
      "ALGS DISABLE64",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "USER u",
      "USER u@10.0.0.5",
      "OPEN 10.0.0.5",
      "PASS p",
      "REIN",
      "AUTH TLS",
      "QUIT",
      "GET / HTTP/1.1",
      "",
    ),
  },
  { weight: 1, arbitrary: text },
);

const replyLine = fc.oneof(
  { weight: 4, arbitrary: hostPort.map((end) => `227 Entering Passive Mode (${formatPort(end)})`) },
  { weight: 3, arbitrary: port.map((number) => `229 Extended (|||${number}|)`) },
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      "125 Here",
      "150 Here",
      "150-Here",
      "150 ",
      "226 Done",
      "226-Done",
      "226 ",
      "226",
      "250 Done",
      "225 No",
      "426 Broken",
    ),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "200 ok",
      "200-ok",
      "211-Status",
      "211 End",
      " EPSV",
      " AUTH TLS",
      "220 ready",
      "220-ready",
      "230 in",
      "331 Password",
      "350 More",
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      "425 No",
      "450 No",
      "451-No",
      "451 No",
      "500 No",
      "502 No",
      "522 No",
      "530 No",
      "550 No",
      "227 Logout.",
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("421 Bye", "421-Bye", "221 Bye", "120 Wait", "999 x", "", "631 x") },
  { weight: 1, arbitrary: text },
);

const counts = { bytesUp: fc.nat(), bytesDown: fc.nat(), durationMs: fc.nat() };
const side = fc.constantFrom("client" as const, "server" as const);

const pinholeEvent: fc.Arbitrary<PinholeEvent> = fc.oneof(
  fc.record(
    {
      kind: fc.constant("opened" as const),
      plane: fc.constantFrom("relay" as const, "splice" as const, "kernel" as const),
      client: endpoint,
      server: endpoint,
    },
    { requiredKeys: ["kind", "plane"] },
  ),
  fc.record({
    kind: fc.constant("refused" as const),
    reason: fc.constantFrom("ports-exhausted" as const, "address-unavailable" as const, "plane-unavailable" as const),
    detail,
  }),
  fc.record({ kind: fc.constantFrom("stranger" as const, "admitted" as const), side, from: endpoint }),
  fc.record({ kind: fc.constant("other-source-port" as const), side, wanted: port, detail }),
  fc.record({ kind: fc.constantFrom("joined" as const, "delivered" as const) }),
  fc.record(
    {
      kind: fc.constant("closed" as const),
      outcome: fc.constantFrom(
        ...(["complete", "client-reset", "server-reset", "stalled", "client-unreachable"] as const),
        ...(["server-unreachable", "expired", "released", "aborted"] as const),
      ),
      ...counts,
      detail: detail.filter((words) => words !== ""),
    },
    { requiredKeys: ["kind", "outcome", "bytesUp", "bytesDown", "durationMs"] },
  ),
);

export const clientLine: fc.Arbitrary<SessionEvent> = fc
  .tuple(commandLine, fc.subarray([...quirks], { maxLength: 2 }))
  .map(([line, found]) => ({ kind: "client-line", text: line, quirks: found }));

export const serverLine: fc.Arbitrary<SessionEvent> = fc
  .tuple(replyLine, fc.constantFrom("\r\n", "\r\n", "\n", "\r\r\n"))
  .map(([line, end]) => ({ kind: "server-line", text: line, raw: line + end }));

/** Of pinhole `id` or, as often as not, of one that nobody knows. */
export const anyPinhole: fc.Arbitrary<SessionEvent> = fc
  .tuple(fc.integer({ min: 1, max: 4 }), pinholeEvent)
  .map(([id, event]) => ({ kind: "pinhole", id, event }));

const rare: fc.Arbitrary<SessionEvent> = fc.oneof(
  fc.record({
    kind: fc.constant("client-refused" as const),
    reason: fc.constantFrom("line-too-long" as const, "nul-byte" as const, "lone-cr" as const),
  }),
  fc.constant<SessionEvent>({ kind: "server-refused", reason: "line-too-long" }),
  fc.constantFrom<SessionEvent>({ kind: "client-end" }, { kind: "server-end" }, { kind: "drain" }),
  fc.record({ kind: fc.constantFrom("client-lost" as const, "server-lost" as const), detail }),
  fc.constant<SessionEvent>({ kind: "telnet-answer", bytes: "\xff\xfc\x01" }),
  fc.record({ kind: fc.constant("resolved" as const), candidates: fc.array(endpoint, { maxLength: 3 }) }),
  fc.record({ kind: fc.constantFrom("unresolved" as const, "unreachable" as const), detail }),
  fc.record({ kind: fc.constant("stop" as const), reason: fc.constantFrom(...endReasons), detail }),
);

const connected: fc.Arbitrary<SessionEvent> = fc.record({
  kind: fc.constant("connected" as const),
  peer: endpoint,
  local: endpoint,
  advertise: address,
  rejects: fc.subarray([...modes]),
});

const timer: fc.Arbitrary<SessionEvent> = fc
  .constantFrom("login" as const, "idle" as const, "linger" as const, "grace" as const)
  .map((name) => ({ kind: "timer", timer: name }));

export const anyEvent: fc.Arbitrary<SessionEvent> = fc.oneof(
  clientLine,
  serverLine,
  anyPinhole,
  rare,
  connected,
  timer,
);

/** Mostly dialogue and data connections; what ends a session comes seldom enough for something to happen before. */
export const likelyEvent: fc.Arbitrary<SessionEvent> = fc.oneof(
  { weight: 30, arbitrary: clientLine },
  { weight: 40, arbitrary: serverLine },
  { weight: 25, arbitrary: anyPinhole },
  { weight: 3, arbitrary: timer },
  { weight: 1, arbitrary: rare },
);
