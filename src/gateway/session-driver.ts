// The driver of one session: sockets, timers and pinholes become events, effects become calls. It decides nothing.
// What arrives in one read leaves in one write: clients and middleboxes look at how replies are segmented (D2.29, D3.38).
import type { Socket } from "node:net";
import { createCommandReader } from "../ftp/command-reader.ts";
import { createReplyReader } from "../ftp/reply-reader.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { SessionTelemetry } from "../observe/telemetry.ts";
import type { Effect, Event } from "../session/events.ts";
import type { Mode } from "../session/mode.ts";
import type { EndReason } from "../session/reasons.ts";
import { startSession, step, wantsClientInput, wantsServerInput } from "../session/session.ts";
import type { ControlSide, Session, SessionOptions } from "../session/state.ts";
import { formatEffect, formatEvent } from "../session/transcript.ts";
import { clientEvent, endpointOf, messageOf, serverEvent, setReading } from "./control-events.ts";
import { dialServer, resolveHost } from "./dial-server.ts";
import type { Interception } from "./interception.ts";
import { createSessionPinholes, type PinholeOptions } from "./session-pinholes.ts";
import { createSessionTimers } from "./session-timers.ts";

/** What all sessions of a gateway are driven with. */
export type SessionDeps = {
  readonly pinholes: PinholeOptions;
  readonly limits: { readonly commandBytes: number; readonly replyLineBytes: number };
  readonly timeouts: { readonly connectMs: number; readonly keepaliveMs: number };
  /** The address to announce to the server whose control connection has this local end. */
  readonly serverAdvertise: (local: Endpoint) => string;
  readonly rejectedBy: (server: Endpoint) => readonly Mode[];
  readonly learn: (server: Endpoint, rejects: Mode) => void;
  /** On the transparent route. */
  readonly interception: Interception | undefined;
  /** The transcript, line by line. */
  readonly trace: ((line: string) => void) | undefined;
  readonly telemetry: SessionTelemetry;
};

export type DrivenSession = {
  drain(): void;
  stop(reason: EndReason, detail: string): void;
  /** Both control connections and every pinhole are closed. */
  readonly done: Promise<void>;
};

/** A peer that does not close after our FIN is cut off after this. */
const closingGraceMs = 2000;
/** More than this unread by one peer, and the other is no longer read. */
const maxUnwrittenBytes = 256 * 1024;

export function driveSession(
  clientSocket: Socket,
  options: SessionOptions,
  client: ControlSide,
  deps: SessionDeps,
): DrivenSession {
  const { telemetry, trace } = deps;
  const commandReader = createCommandReader({ maxBytes: deps.limits.commandBytes });
  const timers = createSessionTimers((timer) => dispatch({ kind: "timer", timer }));
  let finished = (): void => {};
  const done = new Promise<void>((settled) => (finished = settled));
  const connecting = new AbortController();
  const pinholes = createSessionPinholes(deps.pinholes, telemetry, deps.interception, (id, event) => {
    dispatch({ kind: "pinhole", id, event });
    checkDone();
  });
  let session: Session;
  let serverSocket: Socket | undefined;
  // Read from a socket and not yet wanted by the session: at most what one read brought.
  let unreadCommands: Event[] = [];
  let unreadReplies: Event[] = [];
  let clientHasEnded = false;
  let serverHasEnded = false;
  let toClient = "";
  let toServer = "";
  let askedAt = 0;
  let isEnded = false;
  let isBusy = false;

  function perform(effect: Effect): void {
    switch (effect.kind) {
      case "to-client":
        toClient += effect.bytes;
        break;
      case "to-server":
        toServer += effect.bytes;
        break;
      case "resolve":
        void resolve(effect.host);
        break;
      case "connect":
        void connectServer(effect.candidates);
        break;
      case "open":
        pinholes.open(effect, session);
        break;
      case "start":
      case "confirm":
      case "linger":
      case "release":
        // The client reads of the transfer before its data can arrive (D4.66).
        if (effect.kind === "confirm") flush();
        pinholes.tell(effect.kind, effect.id);
        break;
      case "timer":
        timers.start(effect.timer, effect.ms);
        break;
      case "cancel":
        timers.cancel(effect.timer);
        break;
      case "learn":
        if (session.server !== undefined) deps.learn(session.server.peer, effect.rejects);
        break;
      case "record":
        telemetry.record(effect.fact);
        break;
      case "finish-server":
        flush();
        serverSocket?.end();
        break;
      case "end":
        end();
        break;
    }
  }

  function dispatch(event: Event): void {
    if (trace !== undefined) trace(formatEvent(event));
    const [next, effects] = step(session, event);
    session = next;
    run(effects);
  }

  function run(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (trace !== undefined) for (const line of formatEffect(effect, session)) trace(line);
      perform(effect);
    }
    if (!isBusy) settle();
  }

  /** Hands over what was read, as far as it is wanted, and writes what came of it. */
  function settle(): void {
    isBusy = true;
    try {
      for (;;) {
        const reply = wantsServerInput(session) ? unreadReplies.shift() : undefined;
        const command = reply === undefined && wantsClientInput(session) ? unreadCommands.shift() : undefined;
        if (reply !== undefined) dispatch(reply);
        else if (command !== undefined) dispatch(command);
        else break;
      }
    } finally {
      isBusy = false;
    }
    flush();
    updateReading();
  }

  function flush(): void {
    if (toServer !== "" && serverSocket !== undefined) {
      if (serverSocket.writable) serverSocket.write(toServer, "latin1");
      if (askedAt === 0) askedAt = performance.now();
    }
    if (toClient !== "" && clientSocket.writable) clientSocket.write(toClient, "latin1");
    toClient = "";
    toServer = "";
  }

  function updateReading(): void {
    if (isEnded) return;
    const clientMayRead =
      unreadCommands.length === 0 && (serverSocket === undefined || serverSocket.writableLength < maxUnwrittenBytes);
    setReading(clientSocket, clientMayRead);
    if (serverSocket !== undefined) {
      setReading(serverSocket, unreadReplies.length === 0 && clientSocket.writableLength < maxUnwrittenBytes);
    }
  }

  async function resolve(host: string): Promise<void> {
    try {
      const signal = AbortSignal.any([connecting.signal, AbortSignal.timeout(deps.timeouts.connectMs)]);
      dispatch({ kind: "resolved", addresses: await resolveHost(host, signal) });
    } catch (error) {
      if (!isEnded) dispatch({ kind: "unresolved", detail: `${host} ${messageOf(error)}` });
    }
  }

  async function connectServer(candidates: readonly Endpoint[]): Promise<void> {
    const startedAt = performance.now();
    try {
      const signal = AbortSignal.any([connecting.signal, AbortSignal.timeout(deps.timeouts.connectMs)]);
      const retry = options.route.kind === "fixed";
      const from = deps.interception?.asClient ? client.peer.address : undefined;
      const socket = await dialServer(candidates, { retry, signal, from });
      telemetry.serverConnected((performance.now() - startedAt) / 1000);
      if (isEnded) socket.destroy();
      else adoptServer(socket);
    } catch (error) {
      if (!isEnded) dispatch({ kind: "unreachable", detail: messageOf(error) });
    }
  }

  function adoptServer(socket: Socket): void {
    serverSocket = socket;
    const replyReader = createReplyReader({ maxBytes: deps.limits.replyLineBytes });
    socket.setKeepAlive(true, deps.timeouts.keepaliveMs);
    socket.on("data", (chunk: Buffer) => {
      if (isEnded) return;
      if (askedAt !== 0) {
        telemetry.controlLatency((performance.now() - askedAt) / 1000);
        askedAt = 0;
      }
      takeReplies(replyReader.feed(chunk).map(serverEvent));
    });
    socket.on("end", () => {
      serverHasEnded = true;
      if (isEnded) return;
      takeReplies([...replyReader.end().map(serverEvent), { kind: "server-end" }]);
    });
    socket.on("error", (error) => {
      if (!isEnded) dispatch({ kind: "server-lost", detail: messageOf(error) });
    });
    socket.on("drain", updateReading);
    socket.on("close", checkDone);
    const peer = endpointOf(socket.remoteAddress, socket.remotePort);
    const local = endpointOf(socket.localAddress, socket.localPort);
    dispatch({
      kind: "connected",
      peer,
      local,
      advertise: deps.serverAdvertise(local),
      rejects: deps.rejectedBy(peer),
    });
    updateReading();
  }

  function takeReplies(replies: Event[]): void {
    unreadReplies.push(...replies);
    settle();
  }

  function takeCommands(commands: Event[]): void {
    unreadCommands.push(...commands);
    settle();
  }

  function end(): void {
    isEnded = true;
    flush();
    connecting.abort();
    timers.clear();
    unreadCommands = [];
    unreadReplies = [];
    for (const [socket, hasEnded] of [
      [clientSocket, clientHasEnded],
      [serverSocket, serverHasEnded],
    ] as const) {
      if (socket === undefined || socket.destroyed) continue;
      socket.end();
      // Unread bytes at close would turn our FIN into a reset that overtakes the farewell.
      if (!hasEnded) socket.resume();
      const cutOff = setTimeout(() => socket.destroy(), closingGraceMs);
      socket.once("close", () => clearTimeout(cutOff));
    }
    checkDone();
  }

  function checkDone(): void {
    const isClosed = clientSocket.destroyed && (serverSocket === undefined || serverSocket.destroyed);
    if (isEnded && isClosed && pinholes.isEmpty()) finished();
  }

  clientSocket.setKeepAlive(true, deps.timeouts.keepaliveMs);
  clientSocket.on("data", (chunk: Buffer) => {
    if (!isEnded) takeCommands(commandReader.feed(chunk).map(clientEvent));
  });
  clientSocket.on("end", () => {
    clientHasEnded = true;
    if (!isEnded) takeCommands([{ kind: "client-end" }]);
  });
  clientSocket.on("error", (error) => {
    if (!isEnded) dispatch({ kind: "client-lost", detail: messageOf(error) });
  });
  clientSocket.on("drain", updateReading);
  clientSocket.on("close", checkDone);

  const [started, effects] = startSession(options, client, deps.interception?.server);
  session = started;
  run(effects);

  return {
    drain: () => dispatch({ kind: "drain" }),
    stop: (reason, detail) => dispatch({ kind: "stop", reason, detail }),
    done,
  };
}
