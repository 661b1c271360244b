// The control connection to the server: names resolved, candidates tried in order, within one deadline.
import { lookup } from "node:dns/promises";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connectForeign } from "../dataplane/foreign-socket.ts";
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
 * restarts). `from`: another machine's address to connect from. The socket is paused, half-open allowed. Rejects with an Error naming each candidate's failure.
 */
export async function dialServer(
  candidates: readonly Endpoint[],
  options: { readonly retry: boolean; readonly signal: AbortSignal; readonly from?: string | undefined },
): Promise<Socket> {
  for (;;) {
    const failures: string[] = [];
    for (const candidate of candidates) {
      try {
        return await dial(candidate, options);
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

function dial(to: Endpoint, { signal, from }: { signal: AbortSignal; from?: string | undefined }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      from === undefined
        ? connect({ host: to.address, port: to.port, allowHalfOpen: true, noDelay: true })
        : connectForeign({ address: from, port: 0 }, to);
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
