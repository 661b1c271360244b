// Dialling a server's control connection: candidates tried in order, within one deadline.
import { formatEndpoint, type Endpoint } from "../../net/endpoint.ts";
import type { ProxyVersion } from "../../net/proxy-protocol.ts";
import type { Dial, Transport } from "../../sockets/transport.ts";

/** Under way until one of its events comes, or until `cancel`; after that nothing does. */
export type Attempt = { cancel(): void };

export type DialOptions = {
  readonly dial: Dial;
  readonly timeoutMs: number;
  /** Goes round again until the time is up. */
  readonly retry: boolean;
  readonly keepaliveMs: number;
  /** Another machine's address to connect from. */
  readonly from?: string | undefined;
};

/** A session's stay with a server of a pool; `cancel` ends it. */
export type Stay = Attempt & {
  /** The PROXY header with which its data connections are to begin, if any. */
  readonly dataHeader: ProxyVersion | undefined;
  /** The server is what the session needs. */
  chosen(): void;
  /** It is not: one of the events comes again, for the next one. Who calls has closed the connection. */
  passOver(why: "refused" | "silent", detail: string): void;
};

export type DialEvents = {
  /** Nothing was taken of what it has said. `stay`: with a server of a pool. */
  connected(transport: Transport, stay?: Stay): void;
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
  let dialled: Attempt | undefined;
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
    const failed = (detail: string): void => {
      clearTimeout(timer);
      failures.set(formatEndpoint(candidate), detail);
      dial(index + 1);
    };
    const attempt = options.dial(candidate, options, {
      connected(transport) {
        clearTimeout(timer);
        dialled = undefined;
        events.connected(transport);
      },
      failed,
    });
    dialled = attempt;
    timer = setTimeout(
      () => {
        attempt.cancel();
        failed("timed out");
      },
      leftMs / (candidates.length - index),
    );
  }

  function giveUp(): void {
    events.failed([...failures].map((failure) => failure.join(" ")).join(", "));
  }

  function cancel(): void {
    clearTimeout(timer);
    dialled?.cancel();
  }
}
