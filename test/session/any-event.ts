// Events of every kind with every content that their types allow, sensible more often than not: what fuzz tests feed.
import fc from "fast-check";
import { formatPort } from "../../src/ftp/host-port.ts";
import { quirks } from "../../src/ftp/quirks.ts";
import { tlsCauses, tlsVersions } from "../../src/net/tls.ts";
import { openRefusals, pinholeOutcomes, planeNames, sides, type PinholeEvent } from "../../src/dataplane/pinhole.ts";
import { clientRefusals, serverRefusals, timerNames, type SessionEvent } from "../../src/session/events.ts";
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
      "AUTH SSL",
      "PBSZ 0",
      "PROT P",
      "PROT C",
      "CCC",
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
      "234 Go",
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
      "534 No",
      "550 No",
      "227 Logout.",
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("421 Bye", "421-Bye", "221 Bye", "120 Wait", "999 x", "", "631 x") },
  { weight: 1, arbitrary: text },
);

const counts = { bytesUp: fc.nat(), bytesDown: fc.nat(), durationMs: fc.nat() };
const side = fc.constantFrom(...sides);
const secured = {
  version: fc.constantFrom(...tlsVersions),
  cipher: fc.constantFrom("TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
  resumed: fc.boolean(),
  durationMs: fc.nat(),
};

type Kinds<E extends { readonly kind: string }> = { readonly [K in E["kind"]]: fc.Arbitrary<Extract<E, { kind: K }>> };

function kind<K extends string>(name: K): fc.Arbitrary<K> {
  return fc.constant(name);
}

/** Every kind: the compiler misses one that is new. */
const pinholeEvents: Kinds<PinholeEvent> = {
  opened: fc.record(
    { kind: kind("opened"), plane: fc.constantFrom(...planeNames), client: endpoint, server: endpoint },
    { requiredKeys: ["kind", "plane"] },
  ),
  refused: fc.record({ kind: kind("refused"), reason: fc.constantFrom(...openRefusals), detail }),
  stranger: fc.record({ kind: kind("stranger"), side, from: endpoint }),
  admitted: fc.record({ kind: kind("admitted"), side, from: endpoint }),
  reached: fc.record({ kind: kind("reached"), side: kind("server") }),
  "other-source-port": fc.record({ kind: kind("other-source-port"), side, wanted: port, detail }),
  secured: fc.record({ kind: kind("secured"), side, ...secured }),
  "no-close-notify": fc.record({ kind: kind("no-close-notify"), side }),
  joined: fc.record({ kind: kind("joined") }),
  delivered: fc.record({ kind: kind("delivered") }),
  closed: fc.record(
    {
      kind: kind("closed"),
      outcome: fc.constantFrom(...pinholeOutcomes),
      ...counts,
      detail: detail.filter((words) => words !== ""),
    },
    { requiredKeys: ["kind", "outcome", "bytesUp", "bytesDown", "durationMs"] },
  ),
};

const pinholeEvent = fc.oneof(...Object.values(pinholeEvents)) as fc.Arbitrary<PinholeEvent>;

/** Likewise. */
const sessionEvents: Kinds<SessionEvent> = {
  "client-line": fc
    .tuple(commandLine, fc.subarray([...quirks], { maxLength: 2 }))
    .map(([line, found]) => ({ kind: "client-line", text: line, quirks: found })),
  "server-line": fc
    .tuple(replyLine, fc.constantFrom("\r\n", "\r\n", "\n", "\r\r\n"))
    .map(([line, end]) => ({ kind: "server-line", text: line, raw: line + end })),
  // Of a pinhole that is known or, as often as not, of one that nobody knows.
  pinhole: fc.record({ kind: kind("pinhole"), id: fc.integer({ min: 1, max: 4 }), event: pinholeEvent }),
  "client-refused": fc.record({ kind: kind("client-refused"), reason: fc.constantFrom(...clientRefusals) }),
  "server-refused": fc.record({ kind: kind("server-refused"), reason: fc.constantFrom(...serverRefusals) }),
  "client-end": fc.record({ kind: kind("client-end") }),
  "server-end": fc.record({ kind: kind("server-end") }),
  "client-lost": fc.record({ kind: kind("client-lost"), detail }),
  "server-lost": fc.record({ kind: kind("server-lost"), detail }),
  "server-telnet": fc.record({ kind: kind("server-telnet"), bytes: fc.constantFrom("", "\xff\xfe\x01") }),
  "telnet-answer": fc.record({ kind: kind("telnet-answer"), bytes: fc.constant("\xff\xfc\x01") }),
  resolved: fc.record({ kind: kind("resolved"), candidates: fc.array(endpoint, { maxLength: 3 }) }),
  unresolved: fc.record({ kind: kind("unresolved"), detail }),
  unresolvable: fc.record({ kind: kind("unresolvable") }),
  connected: fc.record({
    ...{ kind: kind("connected"), peer: endpoint, local: endpoint, advertise: address },
    rejects: fc.subarray([...modes]),
  }),
  unreachable: fc.record({ kind: kind("unreachable"), detail }),
  "tls-started": fc.record(
    {
      ...{ kind: kind("tls-started"), side, ...secured, name: fc.constantFrom("ftp.example.com", "10.0.0.5") },
      ...{ subject: fc.constantFrom("CN=u", "CN=a b,O=x: y"), user: fc.constantFrom("u", 'a "b" #2: c', "\xe4") },
    },
    { requiredKeys: ["kind", "side", "version", "cipher", "resumed", "durationMs"] },
  ),
  "tls-failed": fc.record({ kind: kind("tls-failed"), side, cause: fc.constantFrom(...tlsCauses), detail }),
  "tls-ended": fc.record({ kind: kind("tls-ended"), side: kind("client") }),
  "opaque-moved": fc.record({
    kind: kind("opaque-moved"),
    bytesUp: fc.nat(),
    bytesDown: fc.nat(),
    isSecured: fc.boolean(),
  }),
  "opaque-ended": fc.record({ kind: kind("opaque-ended") }),
  timer: fc.record({ kind: kind("timer"), timer: fc.constantFrom(...timerNames) }),
  drain: fc.record({ kind: kind("drain") }),
  stop: fc.record({ kind: kind("stop"), reason: fc.constantFrom(...endReasons), detail }),
};

export const clientLine: fc.Arbitrary<SessionEvent> = sessionEvents["client-line"];
export const serverLine: fc.Arbitrary<SessionEvent> = sessionEvents["server-line"];
export const anyPinhole: fc.Arbitrary<SessionEvent> = sessionEvents.pinhole;

const ordinary: readonly SessionEvent["kind"][] = ["client-line", "server-line", "pinhole", "timer", "connected"];
const rare: fc.Arbitrary<SessionEvent> = fc.oneof(
  ...Object.entries(sessionEvents).flatMap(([name, arbitrary]) =>
    ordinary.some((known) => known === name) ? [] : [arbitrary as fc.Arbitrary<SessionEvent>],
  ),
);

export const anyEvent: fc.Arbitrary<SessionEvent> = fc.oneof(
  ...[clientLine, serverLine, anyPinhole, rare, sessionEvents.connected, sessionEvents.timer],
);

/** Mostly dialogue and data connections; what ends a session comes seldom enough for something to happen before. */
export const likelyEvent: fc.Arbitrary<SessionEvent> = fc.oneof(
  { weight: 30, arbitrary: clientLine },
  { weight: 40, arbitrary: serverLine },
  { weight: 25, arbitrary: anyPinhole },
  { weight: 3, arbitrary: sessionEvents.timer },
  { weight: 1, arbitrary: rare },
);
