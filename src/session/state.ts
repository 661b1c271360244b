// Session state: a plain value. session.ts lists the phases and steps from one state to the next.
import { familyOf, type Endpoint, type Family, type Network } from "../net/endpoint.ts";
import type { PinholeOutcome, PlaneName } from "../dataplane/pinhole.ts";
import type { ClientEvent, ServerEvent } from "./events.ts";
import type { Direction, TransferEnded } from "./facts.ts";
import type { Mode, ServerMode } from "./mode.ts";

export type AllowRule =
  | { readonly kind: "name"; readonly pattern: string }
  | { readonly kind: "network"; readonly network: Network };

export type ForeignAddress =
  | { readonly kind: "use-peer" }
  | { readonly kind: "refuse" }
  | { readonly kind: "allow"; readonly networks: readonly Network[] };

export type Policy = {
  readonly foreignAddress: ForeignAddress;
  readonly minDataPort: number;
  readonly commands: { readonly allow: readonly string[] } | { readonly deny: readonly string[] };
  readonly readOnly: boolean;
  readonly anonymousOnly: boolean;
};

export type Route =
  | { readonly kind: "fixed"; readonly host: string; readonly port: number }
  | { readonly kind: "login"; readonly allow: readonly AllowRule[] }
  /** The server is the original destination of the intercepted connection: each session is told its own. */
  | { readonly kind: "transparent" };

/** What all sessions of a gateway share. Times in milliseconds. */
export type SessionOptions = {
  readonly route: Route;
  readonly serverMode: ServerMode;
  readonly policy: Policy;
  readonly heldCommands: number;
  readonly timeouts: { readonly loginMs: number; readonly idleMs: number; readonly lingerMs: number };
  /** Whether an endpoint is one of our own entrances: connecting there would loop. */
  readonly isOurs: (endpoint: Endpoint) => boolean;
};

/** One control connection: both ends, and the address to announce to its peer. */
export type ControlSide = { readonly peer: Endpoint; readonly local: Endpoint; readonly advertise: string };

/**
 * Phases: `choosing` (login route, no server known) → `resolving` → `connecting` → `greeting` (the server's first reply
 * is awaited) → `relaying` → `ended`.
 */
export type Phase = "choosing" | "resolving" | "connecting" | "greeting" | "relaying" | "ended";

/** A command whose final reply is awaited, or a reply of our own that waits for its turn. */
export type PendingReply =
  | { readonly kind: "greeting"; readonly via: "connect" | "open" | "user" }
  | {
      readonly kind: "plain" | "login" | "quit" | "rein" | "feat" | "abort" | "negotiation" | "epsv-all";
      readonly verb: string;
    }
  | { readonly kind: "local"; readonly code: number; readonly bytes: string }
  | {
      readonly kind: "transfer";
      readonly verb: string;
      readonly direction: Direction;
      /** The data connection it uses, if one was negotiated. */
      readonly id: number | undefined;
      /** A preliminary reply has been passed on. */
      readonly begun: boolean;
      /** The client has its answer from us; the server's own is swallowed when it comes. */
      readonly answered: boolean;
    };

export type Outstanding = PendingReply & {
  /** Tells it from every other one. */
  readonly ticket: number;
  /** Sent during a transfer that has ended since: some servers answer it now, some never (D3.50, D3.51, D5.86). */
  readonly optional: boolean;
};

export type TransferEntry = Extract<Outstanding, { kind: "transfer" }>;

export type Attempt = { readonly mode: Mode; readonly code: number; readonly text: string };

/** The conversation with the server about one data connection. The client's further commands are held meanwhile. */
export type Negotiation = {
  readonly id: number;
  readonly clientMode: Mode;
  /** Where to dial the client, in its active modes. */
  readonly clientEndpoint: Endpoint | undefined;
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
  readonly joined: boolean;
  readonly delivered: boolean;
  /** The server refused the transfer command. */
  readonly rejected: boolean;
  readonly closed: PinholeOutcome | undefined;
  /** Its data connection has ended in order; whether it is complete is for the server to say. */
  readonly unconfirmed?: TransferEnded | undefined;
};

/** How the rest of a multi-line reply is treated, decided at its first line. */
export type OpenReply = {
  readonly code: number;
  readonly treatment: "pass" | "swallow" | "feat";
  /** The command it answers. */
  readonly ticket: number | undefined;
  readonly firstText: string;
  /** FEAT: those seen so far that the gateway would supply. */
  readonly features: readonly string[];
};

/** A completion reply that waits for the data: its first line, and whether more lines follow. */
export type HeldReply = {
  readonly id: number;
  /** The transfer command it answers. */
  readonly ticket: number;
  readonly code: number;
  readonly raw: string;
  readonly isWhole: boolean;
};

export type Session = {
  readonly options: SessionOptions;
  readonly client: ControlSide;
  readonly server: ControlSide | undefined;
  readonly serverRejects: readonly Mode[];
  readonly phase: Phase;
  /** The server's name and port, and the user to log in as, once a login or OPEN named them. */
  readonly target: { readonly host: string; readonly port: number; readonly user: string | undefined } | undefined;
  readonly outstanding: readonly Outstanding[];
  readonly nextTicket: number;
  readonly openReply: OpenReply | undefined;
  readonly negotiation: Negotiation | undefined;
  /** The negotiated data connection that no transfer command has used yet. */
  readonly pending: number | undefined;
  readonly transfers: readonly Transfer[];
  readonly nextId: number;
  /** The transfer whose completion reply is held until its data is delivered, and that reply. */
  readonly held: HeldReply | undefined;
  readonly heldClient: readonly ClientEvent[];
  readonly heldServer: readonly ServerEvent[];
  readonly user: string;
  readonly loggedIn: boolean;
  /** The client's first line has been seen. */
  readonly hasSentLine: boolean;
  /** The client has promised to us to say nothing but EPSV. */
  readonly epsvAll: boolean;
  /** ALGS DISABLE64: the client's EPSV and EPRT are the server's to understand. */
  readonly algsDisabled: boolean;
  /** The server has answered QUIT. */
  readonly quitAnswered: boolean;
  /** The 421 with which the server has said that it closes. */
  readonly serverCloses: string | undefined;
  readonly clientEnded: boolean;
  /** How the server's control connection ended. */
  readonly serverGone: string | undefined;
  readonly draining: boolean;
};

export function clientFamily(session: Session): Family {
  return familyOf(session.client.local.address);
}

export function findTransfer(session: Session, id: number | undefined): Transfer | undefined {
  return id === undefined ? undefined : session.transfers.find((transfer) => transfer.id === id);
}

/** Both peers listen: nobody connects to us. */
export function isDialledOnly({ clientListens, serverListens }: Transfer): boolean {
  return clientListens === undefined && serverListens === undefined;
}

/** The client's words are also the server's: the configuration converts nothing, and both speak one address family. */
export function isVerbatim(session: Session): boolean {
  const { server, options } = session;
  return (
    options.serverMode === "same" && server !== undefined && familyOf(server.local.address) === clientFamily(session)
  );
}

/** The client waits for its result, and the server owes it. */
export function isUnansweredTransfer(entry: Outstanding): entry is TransferEntry {
  return entry.kind === "transfer" && !entry.answered;
}

/** A data connection is in use at this moment. One that no transfer command has used yet has nothing to carry. */
export function isDataMoving({ transfers, pending }: Session): boolean {
  return transfers.some(({ id, joined, closed }) => joined && closed === undefined && id !== pending);
}
