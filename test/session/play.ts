// Plays a transcript against step(): a line at the margin is an event, an indented line an expected effect, and nothing
// unlisted may happen. A failure prints a diff of the dialogue.
import { expect } from "vitest";
import type { Family } from "../../src/net/endpoint.ts";
import type { SessionEffect, SessionEvent } from "../../src/session/events.ts";
import type { Fact } from "../../src/session/facts.ts";
import type { Mode, ServerMode } from "../../src/session/mode.ts";
import { step } from "../../src/session/session.ts";
import { startSession } from "../../src/session/start.ts";
import type {
  ClientOptions,
  ClientTls,
  Policy,
  Route,
  ServerTls,
  SessionOptions,
  SessionTls,
} from "../../src/session/options.ts";
import type { ControlSide, Session } from "../../src/session/state.ts";
import { formatEffect } from "../../src/session/transcript.ts";
import { parseEvent } from "../../src/session/transcript-reader.ts";

export type PlayOptions = {
  readonly route?: Route;
  readonly serverMode?: ServerMode;
  readonly policy?: Partial<Policy>;
  readonly userPolicies?: readonly { readonly users: readonly string[]; readonly policy: Partial<Policy> }[];
  readonly heldCommands?: number;
  readonly badLines?: number;
  readonly heldBytes?: number;
  readonly client?: Family;
  readonly server?: Family;
  readonly rejects?: readonly Mode[];
  /** The gateway's port that the client has connected to. */
  readonly listenPort?: number;
  readonly clientAdvertise?: string;
  readonly portShift?: SessionOptions["portShift"];
  /** The client's address. */
  readonly clientPeer?: string;
  readonly own?: Partial<SessionOptions["own"]>;
  /** Where it is terminated, what differs from no demands on the client and clear text towards the server. */
  readonly tls?: "passthrough" | { readonly client?: Partial<ClientTls>; readonly server?: Partial<ServerTls> };
  readonly isImplicit?: boolean;
  /** Instead of a login in clear, before the script and what happens `after`. */
  readonly before?: string;
  /** Events that have happened before the script. */
  readonly after?: string;
  /** Timers that start and stop are shown like other effects: `timer idle`, `cancel idle`. */
  readonly timers?: boolean;
  /** Likewise what the session fails at, `fail client-data-in nobody-came`; shown in any case where a script has such a line. */
  readonly failures?: boolean;
};

/** A data connection is negotiated, and both ends may connect. */
export const passiveReady = `
  C> PASV
  S> 227 Entering Passive Mode (10,0,0,5,200,10)
  opened 192.0.2.1:50010`;
export const activeReady = `
  C> PORT 192,168,1,100,10,21
  opened server side 10.0.0.1:51000
  S> 200 PORT command successful`;

/** A transfer in which bytes flow. */
export const downloading = `${passiveReady}
  C> RETR a
  admitted client 192.168.1.100:1236
  joined
  S> 150 Here it comes`;
export const uploading = downloading.replace("RETR", "STOR");

/** What a play leaves behind, for checks that are not dialogue. Effects and facts are those of the script. */
export type Played = {
  readonly session: Session;
  readonly effects: readonly SessionEffect[];
  readonly facts: readonly Fact[];
};

export const clients: Record<Family, ControlSide> = {
  4: {
    peer: { address: "192.168.1.100", port: 1234 },
    local: { address: "192.0.2.1", port: 21 },
    advertise: "192.0.2.1",
  },
  6: {
    peer: { address: "fd00:1::100", port: 1234 },
    local: { address: "fd00:1::1", port: 21 },
    advertise: "fd00:1::1",
  },
};
const servers: Record<Family, { peer: string; local: ControlSide["local"] }> = {
  4: { peer: "10.0.0.5", local: { address: "10.0.0.1", port: 40001 } },
  6: { peer: "fd00:2::5", local: { address: "fd00:2::1", port: 40001 } },
};

export const prologue: Record<Family, string> = {
  4: "connected 10.0.0.5:21\nS> 220 ready\nC> USER u\nS> 331 password\nC> PASS p\nS> 230 in",
  6: "connected [fd00:2::5]:21\nS> 220 ready\nC> USER u\nS> 331 password\nC> PASS p\nS> 230 in",
};

/** Plays `script` with a client that is logged in to a server. */
export function play(script: string, options: PlayOptions = {}): Played {
  const run = start(options);
  run.feed(options.before ?? prologue[options.server ?? 4]);
  run.feed(options.after ?? "");
  return run.check(script);
}

/** What comes of these events from the moment the client has connected. */
export function feed(events: string, options: PlayOptions = {}): Played {
  const run = start(options);
  run.feed(events);
  return run.played(0);
}

/** What a client reads of a server's reply that may hold an address of its side. */
export function withoutDigits(reply: string): string {
  return /\d/.test(reply.slice(4)) ? reply.slice(0, 3) : reply;
}

/** Plays `script` from the moment the client has connected; effects before the first event are what connecting causes. */
export function playFromStart(script: string, options: PlayOptions = {}): Played {
  return start(options).check(script);
}

const isFailure = (effect: SessionEffect): boolean => effect.kind === "record" && effect.fact.kind === "failure";

function start(options: PlayOptions) {
  const server = servers[options.server ?? 4];
  const client = clients[options.client ?? 4];
  const context = { local: server.local, advertise: server.local.address, rejects: options.rejects ?? [] };
  const listenPort = options.listenPort ?? 21;
  const [initial, first] = startSession(sessionOptions(options, server.peer), {
    ...clientOptions(options),
    ...(options.isImplicit && { isImplicit: true }),
    client: {
      ...client,
      peer: { ...client.peer, address: options.clientPeer ?? client.peer.address },
      local: { ...client.local, port: listenPort },
      advertise: options.clientAdvertise ?? client.advertise,
    },
  });
  let session = initial;
  const effects: SessionEffect[] = [...first];
  const dispatch = (event: SessionEvent): readonly SessionEffect[] => {
    const [next, caused] = step(session, event);
    session = next;
    effects.push(...caused);
    return caused;
  };
  let showsFailures = options.failures ?? false;
  const shown = (effect: SessionEffect): readonly string[] => {
    if (options.timers && (effect.kind === "timer" || effect.kind === "cancel")) {
      return [`     ${effect.kind} ${effect.timer}`];
    }
    return isFailure(effect) && !showsFailures ? [] : formatEffect(effect);
  };
  const event = (line: string): readonly SessionEffect[] => {
    const parsed = parseEvent(line, context);
    if (parsed === undefined) throw new Error(`not an event: ${line}`);
    return dispatch(parsed);
  };
  const played = (since: number): Played => {
    const recent = effects.slice(since);
    const facts = recent.flatMap((effect) => (effect.kind === "record" ? [effect.fact] : []));
    return { session, effects: recent, facts };
  };
  return {
    played,
    feed(events: string): void {
      for (const line of events.split("\n")) if (line.trim() !== "") event(line.trimStart());
    },
    check(script: string): Played {
      const wanted = script.split("\n").filter((line) => line.trim() !== "");
      const margin = Math.min(...wanted.map((line) => line.length - line.trimStart().length));
      const expected = wanted.map((line) => line.slice(margin));
      showsFailures ||= expected.some((line) => line.startsWith("     fail "));
      // A script that begins with effects is played from the start, and shows what connecting caused.
      const isStart = effects.length === first.length;
      const actual = isStart ? first.flatMap(shown) : [];
      const since = isStart ? 0 : effects.length;
      for (const line of expected) {
        if (line.startsWith(" ")) continue;
        const caused = event(line);
        actual.push(line, ...caused.flatMap(shown));
      }
      expect(actual.map(normal).join("\n")).toBe(expected.map(normal).join("\n"));
      return played(since);
    },
  };
}

/** How deep an effect is indented does not matter. */
function normal(line: string): string {
  return line.startsWith(" ") ? `     ${line.trim()}` : line.trimEnd();
}

export function sessionOptions(options: PlayOptions, server: string): SessionOptions {
  return {
    route: options.route ?? { kind: "fixed", host: server, port: 21 },
    timeouts: { connectMs: 10_000, loginMs: 60_000, idleMs: 900_000, lingerMs: 10_000 },
    own: { listensAt: () => false, hasAddress: () => false, ...options.own },
    ...(options.tls !== undefined && { tls: sessionTls(options.tls) }),
    ...(options.portShift && { portShift: options.portShift }),
  };
}

function sessionTls(tls: NonNullable<PlayOptions["tls"]>): SessionTls {
  if (tls === "passthrough") return { kind: "passthrough" };
  return {
    kind: "terminate",
    client: { require: "none", ccc: false, ...tls.client },
    server: { mode: "off", implicit: false, data: "private", ...tls.server },
  };
}

export function clientOptions(options: PlayOptions): ClientOptions {
  const policy: Policy = {
    foreignAddress: { kind: "use-peer" },
    minDataPort: 1024,
    commands: { deny: [] },
    readOnly: false,
    anonymousOnly: false,
    pinholesBeforeLogin: false,
    tellInnerAddresses: false,
    ...options.policy,
  };
  return {
    serverMode: options.serverMode ?? "same",
    policy,
    userPolicies: (options.userPolicies ?? []).map(({ users, policy: own }) => ({
      users,
      policy: { ...policy, ...own },
    })),
    heldCommands: options.heldCommands ?? 64,
    badLines: options.badLines ?? 10,
    heldBytes: options.heldBytes ?? 262_144,
  };
}
