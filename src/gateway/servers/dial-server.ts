// The control connection to the server: names resolved, candidates tried in order, within one deadline.
import { lookup } from "node:dns";
import { connect, type OnReadOpts, type Socket } from "node:net";
import { connectForeign } from "../../sockets/foreign-socket.ts";
import { formatEndpoint, parseAddress, type Endpoint } from "../../net/endpoint.ts";

/** Under way until one of its events comes, or until `cancel`; after that nothing does. */
export type Attempt = { cancel(): void };

/** The addresses of a name in the system's order, or why there are none. */
export function resolveHost(
  host: string,
  timeoutMs: number,
  events: { resolved(addresses: readonly string[]): void; failed(detail: string): void },
): Attempt {
  let isOver = false;
  const timer = setTimeout(() => settle(() => events.failed("timed out")), timeoutMs);
  lookup(host, { all: true, verbatim: true }, (error, answers) =>
    settle(() => {
      if (error) events.failed(error.code ?? error.message);
      else events.resolved(answers.flatMap(({ address }) => parseAddress(address) ?? []));
    }),
  );
  return { cancel: () => settle(() => {}) };

  function settle(report: () => void): void {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    report();
  }
}

export type DialOptions = {
  readonly timeoutMs: number;
  /** Goes round again until the time is up: a fixed server may be restarting. */
  readonly retry: boolean;
  readonly keepaliveMs: number;
  /** Another machine's address to connect from. */
  readonly from?: string | undefined;
  readonly onread?: OnReadOpts;
};

export type DialEvents = {
  /** Nothing was read yet; reading begins after the call, unless it pauses the socket. */
  connected(socket: Socket): void;
  /** `detail` names each candidate with its last failure. */
  failed(detail: string): void;
};

const retryPauseMs = 250;

/**
 * Connects to the first candidate that answers. Half-open is allowed. One that stays silent leaves those after it their
 * share of the time.
 */
export function dialServer(candidates: readonly Endpoint[], options: DialOptions, events: DialEvents): Attempt {
  const deadline = performance.now() + options.timeoutMs;
  const failures = new Map<string, string>();
  let socket: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  dial(0);
  return { cancel };

  function dial(index: number): void {
    const candidate = candidates[index];
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return giveUp();
    if (candidate === undefined) {
      if (!options.retry || leftMs <= retryPauseMs) return giveUp();
      timer = setTimeout(() => dial(0), retryPauseMs);
      return;
    }
    const dialled = connectTo(candidate, options);
    socket = dialled;
    const failed = (error: NodeJS.ErrnoException): void => {
      clearTimeout(timer);
      dialled.destroy();
      failures.set(formatEndpoint(candidate), error.code ?? error.message);
      dial(index + 1);
    };
    timer = setTimeout(
      () => {
        dialled.off("error", failed).on("error", () => {});
        failed(new Error("timed out"));
      },
      leftMs / (candidates.length - index),
    );
    dialled.once("error", failed);
    dialled.once("connect", () => {
      clearTimeout(timer);
      dialled.off("error", failed);
      events.connected(dialled);
    });
  }

  function giveUp(): void {
    events.failed([...failures].map((failure) => failure.join(" ")).join(", "));
  }

  function cancel(): void {
    clearTimeout(timer);
    if (socket?.connecting) socket.on("error", () => {}).destroy();
  }
}

function connectTo(server: Endpoint, { from, keepaliveMs, onread }: DialOptions): Socket {
  if (from !== undefined) {
    const socket = connectForeign({ address: from, port: 0 }, server, onread);
    return socket.once("connect", () => socket.setKeepAlive(true, keepaliveMs));
  }
  return connect({
    host: server.address,
    port: server.port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepaliveMs,
    ...(onread && { onread }),
  });
}
