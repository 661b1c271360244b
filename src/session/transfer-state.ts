// Transfer state: one data connection of a session, as the core knows it: the conversation with the server about it, and its
// life from there on. Plain values.
import type { Endpoint } from "../net/endpoint.ts";
import type { PinholeOutcome, PlaneName, Side } from "../dataplane/pinhole.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { DialTarget, LegPlan } from "./events.ts";
import type { Direction, TransferEnded } from "./facts.ts";
import type { Mode } from "./mode.ts";

export type Attempt = { readonly mode: Mode; readonly code: number; readonly text: string };

/** The conversation with the server about one data connection. The client's further commands are held meanwhile. */
export type Negotiation = {
  readonly id: number;
  readonly clientMode: Mode;
  /** Where to dial the client, in its active modes. */
  readonly clientEndpoint: DialTarget | undefined;
  /** The client's line, for servers that are asked in the client's own mode. */
  readonly clientLine: string;
  /** The server is asked in the client's own words and its refusal is the client's. */
  readonly verbatim: boolean;
  readonly current: Mode;
  readonly remaining: readonly Mode[];
  readonly tried: readonly Attempt[];
  /** `opening`: the data plane works; whatever the server says meanwhile is held. */
  readonly stage: "asking" | "opening";
  /** A reply that went to an earlier command, which some servers never answer. If no other comes, it was this one's. */
  readonly presumed?: { readonly code: number; readonly texts: readonly string[] };
  /** Nothing is asked: this transfer command uses the standing port, and is sent on when the data plane has answered. */
  readonly command?: { readonly verb: string; readonly line: string };
};

/** The endpoints of a PORT or EPRT that the server has accepted as one: `id` is the data connection that used them last. */
export type StandingPort = {
  readonly id: number;
  readonly clientMode: Mode;
  readonly serverMode: Mode;
  readonly clientEndpoint: DialTarget;
  readonly serverPort: number;
};

/** One data connection from its negotiation to its end. */
export type Transfer = {
  readonly id: number;
  readonly clientMode: Mode;
  readonly serverMode: Mode;
  readonly plane: PlaneName;
  readonly clientListens: Endpoint | undefined;
  readonly serverListens: Endpoint | undefined;
  readonly verb: string;
  readonly direction: Direction;
  /** What was asked of the data plane. */
  readonly plans: Readonly<Record<Side, LegPlan>>;
  /** The expected peers of listening legs that are connected, or have asked to be. */
  readonly came: Readonly<Partial<Record<Side, Endpoint>>>;
  /** Who else has connected to a listening leg, the last of each side; it may be the peer's other address. */
  readonly strangers: Readonly<Partial<Record<Side, Endpoint>>>;
  /** Both peers are dialled, and the server is connected. */
  readonly reached: boolean;
  readonly joined: boolean;
  readonly delivered: boolean;
  /** The server refused the transfer command. */
  readonly rejected: boolean;
  readonly closed: PinholeOutcome | undefined;
  /** Once it has failed. */
  readonly diagnosis?: Diagnosis;
  /** Its data connection has ended in order; whether it is complete is for the server to say. */
  readonly unconfirmed?: TransferEnded | undefined;
};

/** A data connection of which nothing has happened. */
export const newTransfer: Omit<Transfer, "id" | "clientMode" | "serverMode" | "plans"> = {
  plane: "relay",
  clientListens: undefined,
  serverListens: undefined,
  verb: "",
  direction: "unknown",
  came: {},
  strangers: {},
  reached: false,
  joined: false,
  delivered: false,
  rejected: false,
  closed: undefined,
};
