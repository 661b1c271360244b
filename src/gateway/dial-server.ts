// The control connection to the server: names resolved, candidates tried in order, within one deadline.
import { lookup } from "node:dns/promises";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { formatEndpoint, parseAddress, type Endpoint } from "../net/endpoint.ts";

/** The addresses of a name in the system's order. Rejects with an Error that says why there are none. */
export async function resolveHost(host: string, signal: AbortSignal): Promise<readonly string[]> {
  const answers = await Promise.race([lookup(host, { all: true, verbatim: true }), whenAborted(signal)]);
  return answers.flatMap(({ address }) => parseAddress(address) ?? []);
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(new Error("timed out"));
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
}

const retryPauseMs = 250;

/**
 * Connects to the first candidate that answers. `retry`: goes round again until the signal aborts (a fixed server that
 * restarts). The socket is paused, half-open allowed. Rejects with an Error naming each candidate's failure.
 */
export async function dialServer(
  candidates: readonly Endpoint[],
  options: { readonly retry: boolean; readonly signal: AbortSignal },
): Promise<Socket> {
  for (;;) {
    const failures: string[] = [];
    for (const candidate of candidates) {
      try {
        return await dial(candidate, options.signal);
      } catch (error) {
        failures.push(`${formatEndpoint(candidate)} ${reasonOf(error)}`);
        if (options.signal.aborted) break;
      }
    }
    if (!options.retry || options.signal.aborted) throw new Error(failures.join(", "));
    try {
      await sleep(retryPauseMs, undefined, { signal: options.signal, ref: false });
    } catch {
      throw new Error(failures.join(", "));
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
}

function dial({ address, port }: Endpoint, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
    const settle = (): void => {
      signal.removeEventListener("abort", aborted);
      socket.removeListener("error", failed);
    };
    const failed = (error: Error): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const aborted = (): void => failed(new Error("timed out"));
    signal.addEventListener("abort", aborted, { once: true });
    socket.once("error", failed);
    socket.once("connect", () => {
      settle();
      socket.pause();
      resolve(socket);
    });
    if (signal.aborted) aborted();
  });
}
