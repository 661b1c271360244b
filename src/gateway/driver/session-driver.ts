// Session driver: transports, timers and pinholes of one session become events, effects become calls. It decides nothing.
import type { SessionEffect, SessionEvent } from "../../session/events.ts";
import { step } from "../../session/session.ts";
import { startSession, type NewClient } from "../../session/start.ts";
import { wantsClientInput, wantsServerInput } from "../../session/wanted-input.ts";
import { isClientExpected, serverOf } from "../../session/state.ts";
import { listenTo, type Transport, type TransportEvents } from "../../sockets/transport.ts";
import {
  closeSoftly,
  controlConnection,
  flush,
  hasRoom,
  hasUnread,
  takeNext,
  updateReading,
} from "../control/control-connection.ts";
import { legTlsOf, startTls } from "./control-tls.ts";
import type { Driver } from "./driver-state.ts";
import { hasLooked } from "./first-look.ts";
import { createCommandPace } from "./command-pace.ts";
import type { DrivenSession, DriverDeps, SessionDeps } from "./driver-deps.ts";
import { goOpaque, takeOpaque } from "./opaque.ts";
import { connectNextServer } from "./next-server.ts";
import { createSessionPinholes, type SessionPinholes } from "./session-pinholes.ts";
import { cancelTimer, clearTimers, createSessionTimers, startTimer } from "./session-timers.ts";

/** Lines of one session in one turn of the event loop: with 64 and 128 the others wait about 2 and 4 times as long. */
const linesPerTurn = 32;

export function driveSession(
  transport: Transport,
  newClient: NewClient,
  deps: DriverDeps,
  own: SessionDeps,
): DrivenSession {
  const [session, effects] = startSession(deps.options, newClient);
  const driver: Driver = {
    deps,
    own,
    timers: createSessionTimers((timer) => dispatch(driver, { kind: "timer", timer })),
    observer: own.observe({
      counts: (id) => driver.pinholes?.counts(id),
      failed(error) {
        breakDown(driver, error);
        settle(driver);
      },
    }),
    client: controlConnection(transport, deps.commands, deps.bufferedBytes),
    pace: createCommandPace(own.share, () => settle(driver)),
    server: undefined,
    session,
    ...{ opaque: undefined, tls: undefined, pinholes: undefined, attempt: undefined, stay: undefined, afterFlush: [] },
    ...{ isTaking: false, isYielding: false, readAt: 0 },
    look: { state: "due" },
    state: "open",
  };
  listenTo(transport, driver, clientEvents);
  driver.observer.step(undefined, effects);
  perform(driver, effects);
  settle(driver);
  return {
    drain: () => dispatch(driver, { kind: "drain" }),
    stop: (reason, detail) => dispatch(driver, { kind: "stop", reason, detail }),
  };
}

const eitherSide = { arrived: settle, ended: settle, drained: settle, closed: reportClosed };
const clientEvents: TransportEvents<Driver> = {
  ...eitherSide,
  failed: (driver, detail) => dispatch(driver, { kind: "client-lost", detail }),
};
const serverEvents: TransportEvents<Driver> = {
  ...eitherSide,
  failed: (driver, detail) => dispatch(driver, { kind: "server-lost", detail }),
};

function dispatch(driver: Driver, event: SessionEvent): void {
  // Whatever else a line waits for is not the gateway's own time.
  if (event.kind !== "pinhole" || event.event.kind !== "opened") driver.readAt = 0;
  take(driver, event);
  settle(driver);
}

function take(driver: Driver, event: SessionEvent): void {
  const { state } = driver;
  // What was opened for the session reports its end even then.
  if ((state === "ended" && event.kind !== "pinhole") || state === "closed") return;
  try {
    perform(driver, observedStep(driver, event));
  } catch (error) {
    breakDown(driver, error);
  }
}

function observedStep(driver: Driver, event: SessionEvent): readonly SessionEffect[] {
  const { loggedIn } = driver.session;
  let effects: readonly SessionEffect[] = [];
  try {
    [driver.session, effects] = step(driver.session, event);
    if (driver.session.loggedIn !== loggedIn) driver.own.share.setLoggedIn(!loggedIn);
    return effects;
  } finally {
    // Whatever comes of it: an event that the core fails at is worth most.
    driver.observer.step(event, effects);
  }
}

/** A bug of ours ends the session that met it and no other. */
function breakDown(driver: Driver, error: unknown): void {
  if (driver.state !== "open") return end(driver);
  driver.state = "breaking";
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  take(driver, { kind: "stop", reason: "internal-error", detail });
}

/** The one place where effects become calls, in their order. Nothing that is called reports before it has returned. */
function perform(driver: Driver, effects: readonly SessionEffect[]): void {
  const { client, deps, timers } = driver;
  for (const effect of effects) {
    switch (effect.kind) {
      case "to-client":
        client.unwritten += effect.bytes;
        break;
      case "to-server":
        if (driver.server === undefined) throw new Error("something is said to a server that is not connected");
        driver.server.unwritten += effect.bytes;
        break;
      case "resolve":
        driver.attempt = deps.servers.resolve(effect, driver.session.client.peer, (event) => dispatch(driver, event));
        break;
      case "connect":
        connectServer(driver, effect);
        break;
      case "connect-next":
        connectNextServer(driver, effect);
        break;
      case "server-chosen":
        driver.stay?.chosen();
        break;
      case "open":
        driver.pinholes ??= openSessionPinholes(driver);
        driver.pinholes.open(effect, driver.session);
        break;
      case "confirm":
      case "dismiss":
        driver.afterFlush.push(effect);
        break;
      case "start":
      case "linger":
      case "release":
        driver.pinholes?.tell(effect.kind, effect.id);
        break;
      case "go-opaque":
        driver.opaque = goOpaque(client, driver.server, effect.says);
        break;
      case "start-tls":
        startTls(driver, effect, (event) => dispatch(driver, event));
        break;
      case "end-tls":
        driver.tls?.end(client, effect.says);
        break;
      case "timer":
        startTimer(timers, effect.timer, effect.ms);
        break;
      case "cancel":
        cancelTimer(timers, effect.timer);
        break;
      case "learn":
        deps.servers.learn(serverOf(driver.session).peer, effect.rejects);
        break;
      case "learn-features":
        deps.servers.learnFeatures(serverOf(driver.session).peer, effect.features);
        break;
      case "record":
        // The rest is for the observer.
        if (effect.fact.kind === "login-failed") void driver.own.share.loginFailed();
        break;
      case "end":
        end(driver);
        break;
    }
  }
}

function openSessionPinholes(driver: Driver): SessionPinholes {
  const { interception, share } = driver.own;
  const legTls = legTlsOf(driver);
  const dataHeader = () => driver.stay?.dataHeader;
  return createSessionPinholes(
    driver.deps.pinholes,
    { interception, share: share.client, legTls, dataHeader },
    (id, event) => {
      dispatch(driver, { kind: "pinhole", id, event });
      reportClosed(driver);
    },
  );
}

function connectServer(driver: Driver, { candidates, wanted }: Extract<SessionEffect, { kind: "connect" }>): void {
  const { deps, own } = driver;
  const origin = { asClient: own.interception?.asClient ?? false, client: driver.session.client, wanted };
  driver.attempt = deps.servers.dial(candidates, origin, {
    connected(transport, stay) {
      driver.attempt = stay;
      driver.stay = stay;
      driver.server = controlConnection(transport, deps.replies, deps.bufferedBytes);
      listenTo(transport, driver, serverEvents);
      const { peer, local } = transport;
      const advertise = deps.serverAdvertise(local);
      dispatch(driver, { kind: "connected", peer, local, advertise, rejects: deps.servers.rejectedBy(peer) });
    },
    failed: (detail) => dispatch(driver, { kind: "unreachable", detail }),
  });
}

/** Hands over what was read, as far as it is wanted, writes what came of it, and tells the pinholes that wait for that. */
function settle(driver: Driver): void {
  if (driver.isTaking) return;
  driver.tls?.drained();
  if (!driver.isYielding) takeWanted(driver);
  const hasWritten = flush(driver.client);
  if ((driver.server !== undefined && flush(driver.server)) || hasWritten) tellRelayed(driver);
  const { afterFlush } = driver;
  if (afterFlush.length > 0) for (const { kind, id } of afterFlush.splice(0)) driver.pinholes?.tell(kind, id);
  if (driver.state === "ended") driver.observer.flush();
  else updateReading(driver.client, driver.server);
}

function tellRelayed(driver: Driver): void {
  if (driver.readAt !== 0) driver.observer.relayed((performance.now() - driver.readAt) / 1000);
  driver.readAt = 0;
}

/** What is left after so many lines waits for the next turn of the event loop: other sessions come first. */
function takeWanted(driver: Driver): void {
  driver.isTaking = true;
  let left = linesPerTurn;
  let event = nextWanted(driver);
  if (event !== undefined) driver.readAt = performance.now();
  for (; event !== undefined; event = left > 0 ? nextWanted(driver) : undefined) {
    take(driver, event);
    left -= 1;
  }
  driver.isTaking = false;
  if (left > 0) return;
  driver.isYielding = true;
  setImmediate(() => {
    driver.isYielding = false;
    settle(driver);
  });
}

function nextWanted(driver: Driver): SessionEvent | undefined {
  const { state, session, client, server, pace, look } = driver;
  if (state === "ended") return undefined;
  if (driver.opaque !== undefined) {
    const event = takeOpaque(driver.opaque, pace);
    if (event !== undefined || !driver.opaque.isOver) return event;
    if (driver.opaque.isServerClear) driver.opaque = undefined;
  }
  const isServerWanted =
    server !== undefined && driver.opaque === undefined && hasUnread(server) && wantsServerInput(session);
  const event = isServerWanted ? takeNext(server) : undefined;
  if (event !== undefined) return event;
  if (!hasUnread(client) || !wantsClientInput(session) || !hasRoom(client) || !pace.mayTake()) return undefined;
  if (isClientExpected(session) && !hasLooked(look, () => settle(driver))) return undefined;
  const command = takeNext(client);
  if (command !== undefined) pace.took();
  return command;
}

function end(driver: Driver): void {
  if (driver.state === "ended") return;
  driver.state = "ended";
  driver.attempt?.cancel();
  driver.pace.stop();
  clearTimers(driver.timers);
  driver.pinholes?.releaseAll();
  closeSoftly(driver.client);
  if (driver.server !== undefined) closeSoftly(driver.server);
  driver.own.ended();
}

function reportClosed(driver: Driver): void {
  const { client, server, pinholes, state } = driver;
  if (state !== "ended" || pinholes?.isEmpty() === false) return;
  if (!client.transport.isClosed || server?.transport.isClosed === false) return;
  driver.state = "closed";
  driver.own.closed();
}
