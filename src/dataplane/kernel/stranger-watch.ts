// Stranger watch: who has knocked at pinholes that wait for somebody else. The kernel refuses them by itself; it is asked for their
// addresses a few times a second, as long as there are pinholes that wait.
import { type Endpoint, type Family, formatEndpoint } from "../../net/endpoint.ts";
import type { PinholeEvent } from "../pinhole.ts";
import type { RefusedConnection } from "./netlink/refused-connections.ts";
import type { NatLegs } from "./peers-fit.ts";

export type StrangerWatch = {
  /** A pinhole waits there for `peer`. `tell` is called for each stranger, once. */
  waits(local: Endpoint, peer: string, tell: (from: Endpoint) => void): void;
  /** It waits no more: its peer has come. */
  came(local: Endpoint): void;
  /** Nobody has come. Who has knocked so far is told before it returns. */
  gaveUp(local: Endpoint): void;
  stop(): void;
};

type Waiting = {
  readonly peer: string;
  readonly since: number;
  readonly tell: (from: Endpoint) => void;
  readonly told: Set<string>;
};

const lookEveryMs = 250;
/** However many pinholes are given up. */
const noSoonerMs = 20;
/** Of one pinhole. */
const mostTold = 8;

/** `refused`: whom the kernel has refused of late, over that family. */
export function createStrangerWatch(
  refused: (family: Family) => readonly RefusedConnection[],
  now: () => number = () => performance.now(),
): StrangerWatch {
  const all = new Map<string, Waiting>();
  let timer: NodeJS.Timeout | undefined;
  let lookedAt = -Infinity;

  function look(): void {
    lookedAt = now();
    const families = new Set([...all.keys()].map((local) => (local.startsWith("[") ? 6 : 4)));
    for (const family of families) for (const one of refused(family)) tellOf(one);
  }

  function tellOf({ from, to, ageMs }: RefusedConnection): void {
    const waiting = all.get(formatEndpoint(to));
    const knock = formatEndpoint(from);
    if (waiting === undefined || from.address === waiting.peer || waiting.told.has(knock)) return;
    // One of before has knocked at another pinhole.
    if (lookedAt - ageMs < waiting.since || waiting.told.size >= mostTold) return;
    waiting.told.add(knock);
    waiting.tell(from);
  }

  function lookLater(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (all.size === 0) return;
      look();
      lookLater();
    }, lookEveryMs).unref();
  }

  return {
    waits(local, peer, tell) {
      all.set(formatEndpoint(local), { peer, since: now(), tell, told: new Set() });
      lookLater();
    },
    came: (local) => void all.delete(formatEndpoint(local)),
    gaveUp(local) {
      if (all.has(formatEndpoint(local)) && now() - lookedAt >= noSoonerMs) look();
      all.delete(formatEndpoint(local));
    },
    stop() {
      clearTimeout(timer);
      all.clear();
    },
  };
}

/** What a pinhole's events are told to: the owner, who is told of strangers too while nobody has come. */
export function tellsOfStrangers(
  watch: StrangerWatch,
  { listeningSide: side, peer }: Pick<NatLegs, "listeningSide" | "peer">,
  report: (event: PinholeEvent) => void,
): (event: PinholeEvent) => void {
  let local: Endpoint | undefined;
  return (event) => {
    if (event.kind === "opened") local = event[side];
    if (local !== undefined) {
      if (event.kind === "opened") watch.waits(local, peer, (from) => report({ kind: "stranger", side, from }));
      if (event.kind === "admitted") watch.came(local);
      if (event.kind === "closed") watch.gaveUp(local);
    }
    report(event);
  };
}
