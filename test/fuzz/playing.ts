// Playing of a scenario: bytes through the readers and step(), as a driver would, with models of all that a driver has around a
// session: timers, attempts, a data plane, a server. Every step is shown to a watcher.
import { commandLines, replyLines } from "../../src/gateway/control/line-format.ts";
import type { Endpoint } from "../../src/net/endpoint.ts";
import type { SessionEffect, SessionEvent, TimerName } from "../../src/session/events.ts";
import type { Route } from "../../src/session/options.ts";
import { step } from "../../src/session/session.ts";
import { wantsClientInput, wantsServerInput } from "../../src/session/wanted-input.ts";
import { startSession } from "../../src/session/start.ts";
import type { Session } from "../../src/session/state.ts";
import { formatEffect, formatEvent } from "../../src/session/transcript.ts";
import { clientOptions, clients, sessionOptions } from "../session/play.ts";
import { telnetAnswer } from "./client-view.ts";
import { createInput, hasUnread, takeNext, type Input } from "./input.ts";
import { planeEvents, reported, serverPort, type ModelPinhole, type PlaneModel } from "./plane-model.ts";
import type { Move, Setup } from "./scenario.ts";
import { createServer, nextReply, type ScriptedServer } from "./scripted-server.ts";

/** Longest line of either peer. */
export const maxLineBytes = 256;

const serverAddresses = { 4: "10.0.0.5", 6: "fd00:2::5" } as const;
export const ownAddresses = { 4: "10.0.0.1", 6: "fd00:2::1" } as const;

/** One step, seen from outside. `event` is undefined for the start of the session. */
export type Step = {
  readonly before: Session;
  readonly event: SessionEvent | undefined;
  readonly effects: readonly SessionEffect[];
  readonly after: Session;
};

export type Play = {
  session: Session;
  readonly setup: Setup;
  readonly client: Input;
  /** From `connected` on. */
  serverInput: Input | undefined;
  server: ScriptedServer;
  readonly pinholes: PlaneModel;
  readonly timers: Set<TimerName>;
  attempt: Extract<SessionEffect, { kind: "resolve" | "connect" }> | undefined;
  /** Lines stayed unread, so how bytes are cut decides who is heard first. */
  hasLeftUnread: boolean;
  readonly transcript: string[];
  readonly watch: (step: Step) => void;
  /** What is done first. */
  readonly first: readonly SessionEffect[];
};

const poolServers = [{ users: ["u*"] }, { hosts: ["*.example.com"] }, {}];

function routeOf({ route, server }: Setup): Route {
  if (route === "fixed") return { kind: "fixed", host: serverAddresses[server], port: 21 };
  if (route === "named") return { kind: "fixed", host: "ftp.example.com", port: 21 };
  if (route === "transparent") return { kind: "transparent" };
  if (route === "pool")
    return { kind: "pool", choice: { servers: poolServers, byUser: false, features: () => ["UTF8"] } };
  return { kind: "login", allow: [{ kind: "name", pattern: "*" }] };
}

/** A session that has not begun. */
export function createPlay(setup: Setup, watch: (step: Step) => void): Play {
  const options = {
    ...{ route: routeOf(setup), serverMode: setup.serverMode, heldCommands: setup.heldCommands },
    policy: { foreignAddress: { kind: setup.foreignAddress }, readOnly: setup.readOnly },
    // A user's policy holds lines until its login is answered.
    userPolicies: setup.readOnly ? [{ users: ["u"], policy: { readOnly: false } }] : [],
  };
  const first = startSession(sessionOptions(options, serverAddresses[setup.server]), {
    ...clientOptions(options),
    client: clients[setup.client],
    intended: { address: serverAddresses[setup.server], port: 21 },
  });
  return {
    ...{ session: first[0], first: first[1], setup, watch, server: createServer() },
    ...{ client: createInput(commandLines(maxLineBytes)), serverInput: undefined },
    ...{ pinholes: new Map(), timers: new Set(), attempt: undefined, hasLeftUnread: false, transcript: [] },
  };
}

/** The client connects, and logs in where the setup says so. */
export function begin(play: Play): void {
  const { session, first, setup } = play;
  seen(play, { before: session, event: undefined, effects: first, after: session });
  if (setup.isLoggedIn) logIn(play);
}

/** USER and PASS, in the way of the route. */
function logIn(play: Play): void {
  const { route, server } = play.setup;
  const login = route === "login" ? `USER u@${serverAddresses[server]}\r\n` : "USER u\r\n";
  const isFirst = route === "login" || route === "pool";
  if (isFirst) make(play, { do: "client", bytes: login }, []);
  for (let left = 2; left > 0; left -= 1) make(play, { do: "attempt", pick: 0 }, []);
  make(play, { do: "answer", pick: 1 }, []);
  if (!isFirst) make(play, { do: "client", bytes: login }, []);
  make(play, { do: "answer", pick: 1 }, []);
  make(play, { do: "client", bytes: "PASS p\r\n" }, []);
  make(play, { do: "answer", pick: 1 }, []);
}

/** One move. Bytes arrive in pieces, as long as `cuts` says over and over; whole if it says nothing. */
export function make(play: Play, move: Move, cuts: readonly number[]): void {
  switch (move.do) {
    case "client":
      arrive(play, play.client, move.bytes, cuts);
      break;
    case "server":
      play.server.isNew = false;
      if (play.serverInput !== undefined) arrive(play, play.serverInput, move.bytes, cuts);
      break;
    case "answer":
      answer(play, move.pick, cuts);
      break;
    case "plane":
      happens(play, planeEvents(play.pinholes, advertised(play)), move.pick);
      break;
    case "timer":
      happens(
        play,
        [...play.timers].map((timer): SessionEvent => ({ kind: "timer", timer })),
        move.pick,
      );
      break;
    case "attempt":
      happens(play, attemptResults(play), move.pick);
      break;
    case "close":
      closes(play, move.side);
      break;
    case "break":
      if (move.side === "client") dispatch(play, { kind: "client-lost", detail: "ECONNRESET" });
      else if (play.serverInput !== undefined) dispatch(play, { kind: "server-lost", detail: "ECONNRESET" });
      break;
    case "drain":
      dispatch(play, { kind: "drain" });
      break;
    case "stop":
      dispatch(play, { kind: "stop", reason: "stopped", detail: "" });
      break;
  }
}

function closes(play: Play, side: "client" | "server"): void {
  const input = side === "client" ? play.client : play.serverInput;
  if (input !== undefined) input.hasEnded = true;
  settle(play);
}

export function advertised({ setup }: Play): { client: string; server: string } {
  return { client: clients[setup.client].advertise, server: ownAddresses[setup.server] };
}

function answer(play: Play, pick: number, cuts: readonly number[]): void {
  const { server, serverInput, pinholes } = play;
  if (serverInput === undefined) return;
  const pinholeAt = (port: number | undefined): ModelPinhole | undefined =>
    [...pinholes.values()].find(({ id, request }) =>
      request.server.kind === "dial" ? request.server.to.port === port : serverPort(id) === port,
    );
  arrive(play, serverInput, nextReply(server, pick, pinholeAt), cuts);
}

function arrive(play: Play, input: Input, bytes: string, cuts: readonly number[]): void {
  if (input.hasEnded) return;
  for (let from = 0, turn = 0; from < bytes.length; turn += 1) {
    const length = cuts.length === 0 ? bytes.length : (cuts[turn % cuts.length] ?? 1);
    input.unread += bytes.slice(from, from + length);
    from += length;
    settle(play);
  }
}

function happens(play: Play, events: readonly SessionEvent[], pick: number): void {
  const event = events[pick % Math.max(events.length, 1)];
  if (event === undefined) return;
  if (event.kind === "timer") play.timers.delete(event.timer);
  if (event.kind === "pinhole") {
    const pinhole = play.pinholes.get(event.id);
    if (pinhole !== undefined) reported(pinhole, event.event);
  }
  if (["resolved", "unresolved", "connected", "unreachable"].includes(event.kind)) play.attempt = undefined;
  if (event.kind === "connected") play.serverInput = createInput(replyLines(maxLineBytes));
  dispatch(play, event);
}

function attemptResults({ attempt, setup }: Play): SessionEvent[] {
  if (attempt === undefined) return [];
  const found: Endpoint = { address: serverAddresses[setup.server], port: 21 };
  if (attempt.kind === "resolve") {
    const lists: Endpoint[][] = [[found], [{ address: "127.0.0.1", port: 21 }, found], []];
    const resolved = lists.map((candidates): SessionEvent => ({ kind: "resolved", candidates }));
    return [...resolved, { kind: "unresolved", detail: "ENOTFOUND" }];
  }
  const local = { address: ownAddresses[setup.server], port: 40001 };
  const peer = { address: serverAddresses[setup.server], port: 21 };
  return [
    { kind: "connected", peer, local, advertise: local.address, rejects: [] },
    { kind: "connected", peer, local, advertise: local.address, rejects: ["EPSV"] },
    { kind: "unreachable", detail: "ECONNREFUSED" },
  ];
}

export function dispatch(play: Play, event: SessionEvent): void {
  stepOnce(play, event);
  settle(play);
}

/** As a driver: the server's next line before the client's, each as far as it is wanted. */
function settle(play: Play): void {
  for (;;) {
    const { session, client, serverInput } = play;
    if (session.phase.name === "ended") return;
    const fromServer = serverInput !== undefined && wantsServerInput(session) ? takeNext(serverInput) : undefined;
    const event = fromServer ?? (wantsClientInput(session) ? takeNext(client) : undefined);
    if (event === undefined) break;
    stepOnce(play, event);
  }
  if (hasUnread(play.client) || (play.serverInput !== undefined && hasUnread(play.serverInput)))
    play.hasLeftUnread = true;
}

function stepOnce(play: Play, event: SessionEvent): void {
  // What the driver does not hand over.
  if (play.session.phase.name === "ended" && event.kind !== "pinhole") return;
  const before = play.session;
  const [after, effects] = step(before, event);
  play.session = after;
  play.transcript.push(formatEvent(event), ...effects.flatMap((effect) => formatEffect(effect)));
  seen(play, { before, event, effects, after });
}

function seen(play: Play, one: Step): void {
  play.watch(one);
  for (const effect of one.effects) perform(play, effect);
}

function perform(play: Play, effect: SessionEffect): void {
  const { pinholes, timers, server } = play;
  switch (effect.kind) {
    case "to-server":
      if (telnetAnswer.test(effect.bytes)) break;
      server.inbox.push(effect.bytes.slice(0, -2));
      break;
    case "resolve":
    case "connect":
      play.attempt = effect;
      break;
    case "open":
      pinholes.set(effect.id, {
        id: effect.id,
        request: effect,
        stage: "opening",
        isReleased: false,
      });
      break;
    case "release":
    case "dismiss": {
      const pinhole = pinholes.get(effect.id);
      if (pinhole !== undefined) pinhole.isReleased = true;
      break;
    }
    case "timer":
      timers.add(effect.timer);
      break;
    case "cancel":
      timers.delete(effect.timer);
      break;
    case "end":
      timers.clear();
      play.attempt = undefined;
      for (const pinhole of pinholes.values()) pinhole.isReleased = true;
      break;
    case "connect-next":
      play.attempt = { kind: "connect", candidates: [] };
      play.server = createServer();
      play.serverInput = undefined;
      break;
    case "server-chosen":
    case "learn-features":
    case "start-tls":
    case "end-tls":
    case "go-opaque":
    case "start":
    case "confirm":
    case "linger":
    case "to-client":
    case "learn":
    case "record":
      break;
  }
}
