// Name resolution: a server's host becomes candidates, within a time limit.
import { lookup } from "node:dns";
import { parseAddress, type Endpoint } from "../../net/endpoint.ts";
import type { Attempt } from "./dial-server.ts";

export type ResolveEvents = {
  /** In the system's order. */
  resolved(candidates: readonly Endpoint[]): void;
  /** The system's error code, e.g. `ENOTFOUND`, or `timed out`. */
  failed(detail: string): void;
};

/** The endpoints of a name, or why there are none. */
export function resolveHost(
  { host, port }: { readonly host: string; readonly port: number },
  timeoutMs: number,
  events: ResolveEvents,
): Attempt {
  let isOver = false;
  const timer = setTimeout(() => settle(() => events.failed("timed out")), timeoutMs);
  lookup(host, { all: true, verbatim: true }, (error, answers) =>
    settle(() => {
      if (error) return events.failed(error.code ?? error.message);
      const addresses = answers.flatMap(({ address }) => parseAddress(address) ?? []);
      events.resolved(addresses.map((address) => ({ address, port })));
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
