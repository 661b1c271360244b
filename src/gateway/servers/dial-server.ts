// Dialling a server's control connection: candidates tried in order, within one deadline.
import { connect, type OnReadOpts, type Socket } from "node:net";
import { connectForeign } from "../../sockets/foreign-socket.ts";
import { formatEndpoint, type Endpoint } from "../../net/endpoint.ts";

/** Under way until one of its events comes, or until `cancel`; after that nothing does. */
export type Attempt = { cancel(): void };

export type DialOptions = {
  readonly timeoutMs: number;
  /** Goes round again until the time is up. */
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
