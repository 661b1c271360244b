// The driver of one session: sockets, timers and pinholes become events, effects become calls. It decides nothing.
import type { SessionObserver, SessionSource } from "../../observe/session-observer.ts";
import type { SessionEffect, SessionEvent, TimerName } from "../../session/events.ts";
import type { EndReason } from "../../session/reasons.ts";
import { step, wantsClientInput, wantsServerInput } from "../../session/session.ts";
import { startSession } from "../../session/start.ts";
import type { SessionOptions } from "../../session/options.ts";
import { serverOf, type ControlSide, type Session } from "../../session/state.ts";
import type { Endpoint } from "../../net/endpoint.ts";
import { setReading, type Transport, type TransportEvents } from "../../sockets/transport.ts";
import {
  closeSoftly,
  controlConnection,
  flush,
  hasUnread,
  takeNext,
  unsentOf,
  type ControlConnection,
} from "../control/control-connection.ts";
import type { LineFormat } from "../control/line-format.ts";
import type { Attempt } from "../servers/dial-server.ts";
import type { Servers } from "../servers/servers.ts";
import type { Interception } from "../entrance/interception.ts";
import { createSessionPinholes, type PinholeOptions, type SessionPinholes } from "./session-pinholes.ts";
import { cancelTimer, clearTimers, createSessionTimers, startTimer } from "./session-timers.ts";

/** What all sessions of a gateway are driven with. */
export type DriverDeps = {
  readonly options: SessionOptions;
  readonly pinholes: PinholeOptions;
  readonly commands: LineFormat;
  readonly replies: LineFormat;
  readonly servers: Servers;
  /** The address to announce to the server whose control connection has this local end. */
  readonly serverAdvertise: (local: Endpoint) => string;
};

/** What is one session's own. */
export type SessionDeps = {
  /** Called once. */
  readonly observe: (source: SessionSource) => SessionObserver;
  /** On the transparent route. */
  readonly interception: Interception | undefined;
};

export type DrivenSession = {
  drain(): void;
  stop(reason: EndReason, detail: string): void;
};

/** More than this unread by one peer, and what would add to it is no longer read. */
const maxBacklogBytes = 256 * 1024;

/** Lines of one session in one turn of the event loop: with 64 and 128 the others wait about 2 and 4 times as long. */
const linesPerTurn = 32;

export type SessionWatch = {
  /** Nothing more is said or done; connections are being closed. May come during `driveSession`. */
  ended(): void;
  /** Both control connections and every pinhole are closed. The last that is heard, and never during `driveSession`. */
  closed(): void;
};

export function driveSession(
  clientTransport: Transport,
  clientSide: ControlSide,
  deps: DriverDeps,
  { observe, interception }: SessionDeps,
  watch: SessionWatch,
): DrivenSession {
  const timers = createSessionTimers(timedOut);
  const observer = observe({ counts: (id) => pinholes?.counts(id), failed });
  const client = controlConnection(clientTransport, deps.commands);
  let server: ControlConnection | undefined;
  let session: Session;
  let pinholes: SessionPinholes | undefined;
  let attempt: Attempt | undefined;
  /** What pinholes are told once what was said is written: the client reads of a transfer, or that there is none, first. */
  let untold: { readonly kind: "confirm" | "dismiss"; readonly id: number }[] = [];
  let isBusy = false;
  /** Enough lines for this turn of the event loop. */
  let isPausing = false;
  let state: "open" | "breaking" | "ended" | "closed" = "open";

  client.transport.events = eventsOf((detail) => dispatch({ kind: "client-lost", detail }));
  const [started, firstEffects] = startSession(deps.options, clientSide, interception?.server);
  session = started;
  observer.step(undefined, firstEffects);
  run(firstEffects);
  settle();

  return {
    drain: () => dispatch({ kind: "drain" }),
    stop: (reason, detail) => dispatch({ kind: "stop", reason, detail }),
  };

  function dispatch(event: SessionEvent): void {
    take(event);
    settle();
  }

  function take(event: SessionEvent): void {
    // What was opened for the session reports its end even then.
    if ((state === "ended" && event.kind !== "pinhole") || state === "closed") return;
    try {
      run(stepped(event));
    } catch (error) {
      broken(error);
    }
  }

  /** Observed whatever comes of it: an event that the core fails at is worth most. */
  function stepped(event: SessionEvent): readonly SessionEffect[] {
    let effects: readonly SessionEffect[] = [];
    try {
      [session, effects] = step(session, event);
    } finally {
      observer.step(event, effects);
    }
    return effects;
  }

  function run(effects: readonly SessionEffect[]): void {
    for (const effect of effects) perform(effect);
  }

  function failed(error: unknown): void {
    broken(error);
    settle();
  }

  /** A bug of ours ends the session that met it and no other. */
  function broken(error: unknown): void {
    if (state !== "open") return end();
    state = "breaking";
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    take({ kind: "stop", reason: "internal-error", detail });
  }

  function perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case "to-client":
        client.unwritten += effect.bytes;
        break;
      case "to-server":
        if (server !== undefined) server.unwritten += effect.bytes;
        break;
      case "resolve":
        attempt = deps.servers.resolve(effect.host, effect.port, {
          resolved: (candidates) => dispatch({ kind: "resolved", candidates }),
          failed: (detail) => dispatch({ kind: "unresolved", detail: `${effect.host} ${detail}` }),
        });
        break;
      case "connect":
        connectServer(effect.candidates);
        break;
      case "open":
        pinholes ??= createSessionPinholes(deps.pinholes, interception, (id, event) => {
          dispatch({ kind: "pinhole", id, event });
          reportClosed();
        });
        pinholes.open(effect, session);
        break;
      case "confirm":
      case "dismiss":
        untold.push(effect);
        break;
      case "start":
      case "linger":
      case "release":
        pinholes?.tell(effect.kind, effect.id);
        break;
      case "timer":
        startTimer(timers, effect.timer, effect.ms);
        break;
      case "cancel":
        cancelTimer(timers, effect.timer);
        break;
      case "learn":
        deps.servers.learn(serverOf(session).peer, effect.rejects);
        break;
      case "record":
        // For the observer.
        break;
      case "end":
        end();
        break;
    }
  }

  /** Hands over what was read, as far as it is wanted, writes what came of it, and tells whoever waits for that. */
  function settle(): void {
    if (isBusy) return;
    if (!isPausing) takeWanted();
    flush(client);
    if (server !== undefined) flush(server);
    if (untold.length > 0) tellPinholes();
    updateReading();
    if (state === "ended") observer.flush();
  }

  /** What is left after so many lines waits for the next turn of the event loop: other sessions come first. */
  function takeWanted(): void {
    isBusy = true;
    let left = linesPerTurn;
    for (let event = nextWanted(); event !== undefined; event = left > 0 ? nextWanted() : undefined) {
      take(event);
      left -= 1;
    }
    isBusy = false;
    if (left > 0) return;
    isPausing = true;
    setImmediate(() => {
      isPausing = false;
      settle();
    });
  }

  function tellPinholes(): void {
    const told = untold;
    untold = [];
    for (const { kind, id } of told) pinholes?.tell(kind, id);
  }

  function nextWanted(): SessionEvent | undefined {
    if (state === "ended") return undefined;
    if (server !== undefined && hasUnread(server) && wantsServerInput(session)) return takeNext(server);
    const isClientWanted = hasUnread(client) && wantsClientInput(session) && unsentOf(client) < maxBacklogBytes;
    return isClientWanted ? takeNext(client) : undefined;
  }

  function updateReading(): void {
    if (state === "ended") return;
    const isClientTaking = unsentOf(client) < maxBacklogBytes;
    const isServerTaking = server === undefined || unsentOf(server) < maxBacklogBytes;
    setReading(client.transport, !hasUnread(client) && isServerTaking && isClientTaking);
    if (server !== undefined) setReading(server.transport, !hasUnread(server) && isClientTaking);
  }

  function connectServer(candidates: readonly Endpoint[]): void {
    const from = interception?.asClient ? clientSide.peer.address : undefined;
    attempt = deps.servers.dial(candidates, from, {
      connected(transport) {
        attempt = undefined;
        server = controlConnection(transport, deps.replies);
        transport.events = eventsOf((detail) => dispatch({ kind: "server-lost", detail }));
        const { peer, local } = transport;
        const advertise = deps.serverAdvertise(local);
        dispatch({ kind: "connected", peer, local, advertise, rejects: deps.servers.rejectedBy(peer) });
      },
      failed: (detail) => dispatch({ kind: "unreachable", detail }),
    });
  }

  function timedOut(timer: TimerName): void {
    dispatch({ kind: "timer", timer });
  }

  function eventsOf(lost: (detail: string) => void): TransportEvents {
    return { arrived: settle, ended: settle, failed: lost, drained: settle, closed: reportClosed };
  }

  function end(): void {
    if (state === "ended") return;
    state = "ended";
    attempt?.cancel();
    clearTimers(timers);
    pinholes?.releaseAll();
    closeSoftly(client);
    if (server !== undefined) closeSoftly(server);
    watch.ended();
  }

  function reportClosed(): void {
    const areBothClosed = client.transport.isClosed && server?.transport.isClosed !== false;
    if (state !== "ended" || !areBothClosed || pinholes?.isEmpty() === false) return;
    state = "closed";
    watch.closed();
  }
}
