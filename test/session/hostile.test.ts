// Attack: either peer says anything at any time, and the outside reports anything in any order. Whatever happens, the session
// throws nothing, interrupts no reply, opens only what was asked for, and leaves nothing open behind it.
import fc from "fast-check";
import { expect, test } from "vitest";
import { readReplyLine } from "../../src/ftp/reply.ts";
import type { SessionEffect, SessionEvent } from "../../src/session/events.ts";
import { step } from "../../src/session/session.ts";
import { wantsClientInput, wantsServerInput } from "../../src/session/wanted-input.ts";
import { startSession } from "../../src/session/start.ts";
import type { Session } from "../../src/session/state.ts";
import { formatEffect, formatEvent } from "../../src/session/transcript.ts";
import { anyEvent, likelyEvent } from "./any-event.ts";
import { clientOptions, clients, feed, prologue, sessionOptions, type PlayOptions } from "./play.ts";
import { parseEvent } from "../../src/session/transcript-reader.ts";

const heldCommands = 4;

const tls: fc.Arbitrary<Pick<PlayOptions, "tls" | "isImplicit">> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant({ tls: "passthrough" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      tls: fc.record({
        client: fc.record({
          require: fc.constantFrom("none" as const, "none" as const, "login" as const, "data" as const),
          ccc: fc.boolean(),
        }),
        server: fc.record({
          mode: fc.constantFrom("off" as const, "auto" as const, "required" as const, "match-client" as const),
          data: fc.constantFrom("match" as const, "clear" as const, "private" as const),
        }),
      }),
      isImplicit: fc.boolean(),
    }),
  },
);

const plain: fc.Arbitrary<PlayOptions> = fc.record({
  serverMode: fc.constantFrom("same" as const, "passive" as const, "active" as const, "auto" as const),
  client: fc.constantFrom(4 as const, 6 as const),
  server: fc.constantFrom(4 as const, 6 as const),
  policy: fc.record({
    foreignAddress: fc.constantFrom({ kind: "use-peer" as const }, { kind: "refuse" as const }),
    readOnly: fc.boolean(),
  }),
  heldCommands: fc.constant(heldCommands),
});

const options = fc.tuple(plain, tls).map(([one, other]) => ({ ...one, ...other }));

/** What the outside has done: events are delivered as a driver would, back-pressure respected. */
function watch(playOptions: PlayOptions, shouldLogIn: boolean) {
  const family = playOptions.server ?? 4;
  const server = family === 4 ? "10.0.0.5" : "fd00:2::5";
  const local = { address: family === 4 ? "10.0.0.1" : "fd00:2::1", port: 40001 };
  const context = { local, advertise: local.address, rejects: [] };
  let [session, effects] = startSession(sessionOptions(playOptions, server), {
    ...clientOptions(playOptions),
    isImplicit: playOptions.isImplicit ?? false,
    client: clients[playOptions.client ?? 4],
  });
  const opened = new Set<number>();
  const gone = new Set<number>();
  const fromServer = new Set<string>();
  const log: string[] = [];
  let replyCode: number | undefined;
  let announcements = 0;
  let opens = 0;
  let ends = 0;

  const checkEffect = (effect: SessionEffect, before: Session): void => {
    if (before.phase.name === "ended") expect(effect.kind).toBe("record");
    if (effect.kind === "to-client" && effect.bytes !== "\xff\xfc\x01") {
      expect(effect.bytes).toMatch(/\n$/);
      // What isn't the server's is ours, and stands between replies; but for the features that belong into one.
      const isTheirs = fromServer.has(effect.bytes.replace(/^ (?=22[789])/, ""));
      const isOurs = !isTheirs && !/^ EP(?:RT|SV)\r\n$/.test(effect.bytes);
      if (isOurs) expect(replyCode).toBeUndefined();
      for (const line of effect.bytes.replace(/\r*\n$/, "").split("\r\n")) {
        const { position, code } = readReplyLine(replyCode, line);
        if (position === "first") replyCode = code;
        else if (position === "last") replyCode = undefined;
      }
    }
    const isEndless =
      effect.kind === "record" && effect.fact.kind === "quirk" && effect.fact.quirk === "reply-without-end";
    if (isEndless) replyCode = undefined;
    if (effect.kind === "to-server" && effect.bytes !== "\xff\xfe\x01") expect(effect.bytes).toMatch(/^[^\n]*\r\n$/);
    // Nothing of ours breaks into a reply, and no bytes are for a connection that is in the middle of a handshake.
    if (effect.kind === "start-tls" || effect.kind === "end-tls") expect(replyCode).toBeUndefined();
    if (effect.kind === "to-server" && session.security.stage?.kind === "handshake") {
      expect(before.security.stage).not.toMatchObject({ kind: "handshake", side: "server" });
    }
    if (effect.kind === "open") {
      const { client, server: far } = session.security;
      expect(effect.client.protection ?? "clear").toBe(client.data);
      expect(effect.server.protection ?? "clear").toBe(far.data);
      opens += 1;
      opened.add(effect.id);
      expect(opens).toBeLessThanOrEqual(announcements * 4);
    }
    if (effect.kind === "release" || effect.kind === "dismiss") gone.add(effect.id);
    if (effect.kind === "record" && effect.fact.kind === "transfer-ended") {
      ends += 1;
      expect(ends).toBeLessThanOrEqual(opens);
    }
  };

  const checkState = (): void => {
    const { outstanding, heldClient, heldServer, transfers } = session;
    expect(outstanding.filter(({ optional }) => !optional).length).toBeLessThanOrEqual(heldCommands + 2);
    expect(outstanding.length).toBeLessThanOrEqual(heldCommands * 3);
    expect(heldClient.length).toBeLessThanOrEqual(heldCommands + 1);
    expect(heldServer.length).toBeLessThanOrEqual(65);
    if (session.phase.name === "ended") expect([outstanding, heldClient, heldServer]).toEqual([[], [], []]);
    // Otherwise the client's commands would be held for a reply that nobody owes.
    const asks = outstanding.filter(({ kind }) => kind === "negotiation").length;
    expect(asks).toBe(session.negotiation?.stage === "asking" ? 1 : 0);
    const { stage } = session.security;
    const secures = outstanding.filter(({ kind }) => kind === "security").length;
    expect(secures).toBe(stage?.kind === "asking" ? 1 : 0);
    const unused = transfers.filter(({ id, verb, closed }) => verb === "" && closed === undefined && !gone.has(id));
    expect(unused.length).toBeLessThanOrEqual(1);
  };

  const dispatch = (event: SessionEvent): void => {
    if (event.kind === "server-line") fromServer.add(event.raw);
    if (event.kind === "client-line" && /^\s*(?:PASV|EPSV|PORT|EPRT)/i.test(event.text)) announcements += 1;
    if (event.kind === "pinhole" && event.event.kind === "closed") gone.add(event.id);
    if (event.kind === "pinhole" && event.event.kind === "refused") gone.add(event.id);
    const before = session;
    [session, effects] = step(before, event);
    log.push(formatEvent(event), ...effects.flatMap((effect) => formatEffect(effect)));
    for (const effect of effects) checkEffect(effect, before);
    checkState();
  };

  for (const effect of effects) checkEffect(effect, session);
  if (shouldLogIn) {
    for (const line of prologue[family].split("\n")) {
      const event = parseEvent(line, context);
      if (event) dispatch(event);
    }
  }
  return {
    dispatch,
    /** The pinhole that is being opened, if one is. */
    opening: () => (session.negotiation?.stage === "opening" ? session.negotiation.id : undefined),
    /** What a driver owes: the end of a handshake, or of TLS. */
    owed: (event: SessionEvent): SessionEvent | undefined => {
      const { stage } = session.security;
      if (stage?.kind === "ending") return { kind: "tls-ended", side: "client" };
      if (stage?.kind !== "handshake" || event.kind === "tls-failed") return undefined;
      const secured = { version: "TLSv1.3", cipher: "AES", resumed: false, durationMs: 0 } as const;
      return { kind: "tls-started", side: stage.side, ...secured };
    },
    wants: (event: SessionEvent): boolean => {
      if (event.kind.startsWith("client-") && event.kind !== "client-lost") return wantsClientInput(session);
      return !event.kind.startsWith("server-") || wantsServerInput(session);
    },
    end(): void {
      dispatch({ kind: "stop", reason: "stopped", detail: "" });
      expect(session.phase.name).toBe("ended");
      expect([...opened].filter((id) => !gone.has(id))).toEqual([]);
    },
    log,
  };
}

function run(playOptions: PlayOptions, events: readonly SessionEvent[], shouldLogIn: boolean): void {
  const watched = watch(playOptions, shouldLogIn);
  try {
    for (const event of events) {
      // Most often the data plane answers: otherwise little would ever be opened.
      const owed = watched.owed(event);
      if (owed !== undefined) watched.dispatch(owed);
      const id = watched.opening();
      const reports = event.kind === "pinhole" && id !== undefined && event.event.kind !== "refused";
      if (reports) {
        const client = { address: "192.0.2.1", port: 50000 + id };
        const server = { address: "10.0.0.1", port: 51000 + id };
        watched.dispatch({ kind: "pinhole", id, event: { kind: "opened", plane: "relay", client, server } });
      } else if (watched.wants(event)) {
        watched.dispatch(event);
      }
    }
    watched.end();
  } catch (error) {
    throw new Error(`after\n${watched.log.join("\n")}`, { cause: error });
  }
}

test("a session with a server survives whatever either side says and whatever happens", () => {
  fc.assert(
    fc.property(options, fc.array(likelyEvent, { maxLength: 60 }), (playOptions, events) => {
      run(playOptions, events, true);
    }),
    { numRuns: 500 },
  );
});

test("a session survives any event in any phase", () => {
  const routes = fc.constantFrom<PlayOptions>(
    {},
    { route: { kind: "login", allow: [{ kind: "name", pattern: "*" }] } },
    { route: { kind: "fixed", host: "ftp.example.com", port: 21 } },
    { route: { kind: "pool", choice: { servers: [{ users: ["u"] }, {}], byUser: false, features: () => [] } } },
  );
  fc.assert(
    fc.property(options, routes, fc.array(anyEvent, { maxLength: 40 }), (playOptions, route, events) => {
      run({ ...playOptions, ...route }, events, false);
    }),
    { numRuns: 500 },
  );
});

test("transfers that a server ends one by one, and never answers what was sent behind them, hold no more than was allowed", () => {
  const noops = "C> NOOP\n".repeat(8);
  const { session } = feed(`${prologue[4]}\n${"C> LIST\n".repeat(8)}${`S> 226 Done\n${noops}`.repeat(8)}`, {
    heldCommands: 8,
  });
  expect(session.outstanding.length).toBeLessThanOrEqual(24);
});
