// The harness of the conformance suite: what it needs to know of a data plane and of the peers on both its sides. The plane may
// run in another process, and the peers on other machines, so everything is asked for and awaited.
import { setTimeout as sleep } from "node:timers/promises";
import type { ByteCounts, PinholeEvent, PinholeOutcome, PlaneName, Side } from "../../../src/dataplane/pinhole.ts";
import type { Endpoint } from "../../../src/net/endpoint.ts";

/** Where planes differ by the contract's own word. */
export type Traits = {
  readonly plane: PlaneName;
  /** Which peers of a transfer may listen and which be dialled; what is not named here has to be unfit. */
  readonly modes: readonly Mode[];
  /** Each stranger is reset and told of. Otherwise it is refused unseen. */
  readonly tellsOfStrangers: boolean;
  /** The server's bytes wait for `confirm`. */
  readonly holdsServerBytes: boolean;
  /** What was dismissed before it carried anything is closed by FIN. */
  readonly dismissesByFin: boolean;
  /** Bytes are counted as payload. Otherwise with their headers. */
  readonly countsPayload: boolean;
  /** `delivered` is looked for at once. Otherwise once the owner lingers. */
  readonly deliversUnasked: boolean;
};

/**
 * Which side the gateway listens for: the client alone (`passive`), the server alone (`active`), both (`bothListen`) or neither
 * (`bothDial`).
 */
export type Mode = "passive" | "active" | "bothListen" | "bothDial";

/** How a peer's connection ended for it. `refused`: it never came about. */
export type PeerEnd = {
  readonly end: "fin" | "reset" | "refused";
  readonly bytes: number;
  /** What has arrived is the beginning of what the other peer sent. */
  readonly isIntact: boolean;
};

/** A peer's data socket. It reads whatever comes, unless it is paused. */
export type Peer = {
  /** Whether the connection came about, once that is known. */
  connected(): Promise<boolean>;
  /** The next bytes of the pattern. Settles when the peer's own system has taken them all, or the connection is broken. */
  send(bytes: number): Promise<void>;
  fin(): Promise<void>;
  reset(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Bytes so far. */
  received(): Promise<number>;
  ended(): Promise<PeerEnd>;
};

export type ListeningPeer = {
  readonly endpoint: Endpoint;
  /** The first connection that comes. */
  readonly accepted: Promise<Peer>;
  close(): Promise<void>;
};

/** `listen`: for that side's peer. An endpoint: that side's peer is dialled there. */
export type LegWish = "listen" | Endpoint;

export type Wish = {
  readonly client: LegWish;
  readonly server: LegWish;
  readonly expiryMs?: number;
  readonly connectMs?: number;
  readonly stallMs?: number;
  /** No port is free: all of the pool are open. */
  readonly hasNoPort?: boolean;
  /** What listens wants this port of the pool. */
  readonly port?: number;
  /** The legs listen at an address that this machine does not have. */
  readonly isElsewhere?: boolean;
};

export type Word = "start" | "confirm" | "release" | "dismiss" | { readonly linger: number };

/** The owner's hand on one pinhole. */
export type Owner = {
  /** What has been reported so far. */
  readonly events: readonly PinholeEvent[];
  /** The first event of that kind, when it has come. */
  event<K extends PinholeEvent["kind"]>(kind: K): Promise<Extract<PinholeEvent, { kind: K }>>;
  /** All of them in one turn of the plane's event loop. */
  say(...words: Word[]): Promise<void>;
  /** How many events have come while `open` or one of the words was being said. */
  eventsDuringCalls(): Promise<number>;
  /** As of now: after a `refreshCounts` where the plane needs it. */
  counts(): Promise<ByteCounts>;
};

/** Time as the plane and its peers have it. */
export type Clock = {
  sleep(ms: number): Promise<void>;
  /** Of what comes by itself, in time. */
  passUntil<T>(promise: Promise<T>): Promise<T>;
};

export const realClock: Clock = { sleep, passUntil: (promise) => promise };

export type Harness = {
  readonly clock: Clock;
  /** The words are said in the turn in which the pinhole is asked for. */
  open(wish: Wish, ...words: Word[]): Promise<Owner>;
  unfit(wish: Wish): Promise<string | undefined>;
  /** That side's peer connects. A stranger comes from an address that is not expected. */
  dial(side: Side, endpoint: Endpoint, options?: { readonly isStranger?: boolean }): Promise<Peer>;
  listen(side: Side): Promise<ListeningPeer>;
  /** Ports of the pool that are open. */
  openPorts(): Promise<number>;
  /** Of the plane. It can still be asked for pinholes. */
  stop(): Promise<void>;
  /** After the tests. */
  close(): Promise<void>;
};

export const otherSide = { client: "server", server: "client" } as const satisfies Record<Side, Side>;

/** The outcome that says that this side has broken the connection. */
export const resetBy = (side: Side): PinholeOutcome => `${side}-reset`;
