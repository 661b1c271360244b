// Session state: a plain value. session.ts lists the phases and steps from one state to the next.
import { familyOf, type Endpoint, type Family } from "../net/endpoint.ts";
import type { Security } from "./security-state.ts";
import type { Negotiation, StandingPort, Transfer } from "./transfer-state.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { ClientEvent, ServerEvent } from "./events.ts";
import type { Direction } from "./facts.ts";
import { isPassive, type Mode } from "./mode.ts";
import type { ClientOptions, Policy, SessionOptions } from "./options.ts";

/** One control connection: both ends, and the address to announce to its peer. */
export type ControlSide = { readonly peer: Endpoint; readonly local: Endpoint; readonly advertise: string };

/** The server that a session is for: its name and port, and the user to log in as where a login named both. */
export type Target = {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly introduction?: Introduction;
};

/** What the client has said while the gateway spoke for a pool: the arguments of HOST, the line of OPTS, the name in its TLS (SNI). */
export type Introduction = { readonly host?: string; readonly options?: string; readonly tlsName?: string };

/** How far a session has come, with what is known from there on. The order is that of the list, except as noted. */
export type Phase =
  /** No server is known: on the login route, and where a pool's servers have users or hosts. A refused one leads back here. */
  | { readonly name: "choosing"; readonly introduction?: Introduction }
  /** The server's name is being looked up. */
  | { readonly name: "resolving"; readonly target: Target }
  | { readonly name: "connecting"; readonly target: Target }
  /** Connected: the server's first reply is awaited. */
  | { readonly name: "greeting"; readonly target: Target; readonly server: ControlSide }
  /** Both control connections serve. */
  | { readonly name: "relaying"; readonly target: Target; readonly server: ControlSide }
  /** From every phase; nothing follows but what pinholes still report. */
  | { readonly name: "ended"; readonly server: ControlSide | undefined };

/** A command whose final reply is awaited, or a reply of our own that waits for its turn. */
export type PendingReply =
  | { readonly kind: "greeting"; readonly via: "connect" | "open" | "user" }
  | {
      readonly kind:
        | "plain"
        | "login"
        | "quit"
        | "rein"
        | "feat"
        | "auth"
        | "abort"
        | "negotiation"
        | "epsv-all"
        | "security";
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

/** How the rest of a multi-line reply is treated, decided at its first line. */
export type OpenReply = {
  readonly code: number;
  /** `mask`: passed on without the endpoint that it may hold. */
  readonly treatment: "pass" | "swallow" | "feat" | "mask";
  /** The command it answers. */
  readonly ticket: number | undefined;
  readonly firstText: string;
  /** Since its last line a command was sent to the server, or somebody began to wait for its end. */
  readonly isOvertaken: boolean;
  /** Such a command may have been answered: what the server says is held until that is clear. */
  readonly isDoubted: boolean;
  /** Somebody has waited so many times the linger time for its end. */
  readonly waits: number;
  /** FEAT: those seen so far that the gateway would supply. */
  readonly features: readonly string[];
  /** FEAT of a server of a pool whose users have their own: what it has. */
  readonly lines: readonly string[];
};

/** What is known of the rest at its first line. */
export const atFirstLine = { isOvertaken: false, isDoubted: false, waits: 0, features: [], lines: [] } as const;

/** A completion reply that waits for the data: its first line, and whether more lines follow. */
export type HeldReply = {
  readonly id: number;
  /** The transfer command it answers. */
  readonly ticket: number;
  readonly code: number;
  readonly raw: string;
  readonly isWhole: boolean;
};

/** Everything that is known of a session. Where nothing else is said, a field is empty or false at the start. */
export type Session = {
  readonly options: SessionOptions;
  readonly clientOptions: ClientOptions;
  readonly client: ControlSide;
  readonly phase: Phase;
  readonly security: Security;
  /** `speaking` from its first line on; `ended` once it has closed its direction, though it may still read. */
  readonly clientState: "silent" | "speaking" | "ended";
  /**
   * Set while relaying, and kept to the end. `closing`: the server has said 421. `gone`: its control connection has ended.
   * The session ends in a moment; `detail` says why.
   */
  readonly serverLeaving: { readonly how: "closing" | "gone"; readonly detail: string } | undefined;
  /** The modes that the server does not know: what was known when it was connected, and each one learned since. */
  readonly serverRejects: readonly Mode[];
  /** In the order of the commands; an entry goes with its final reply. */
  readonly outstanding: readonly Outstanding[];
  readonly nextTicket: number;
  /** Set between the first and the last line of a multi-line reply. */
  readonly openReply: OpenReply | undefined;
  /** Set from the client's PORT, EPRT, PASV or EPSV until it has its answer. */
  readonly negotiation: Negotiation | undefined;
  /** A PASV or EPSV had another reply than its own, which may come still (D1.14); cleared when it does. */
  readonly owesAnnouncement: boolean;
  /** The data connection that is negotiated and used by no transfer command yet; cleared by one, by another, by REIN. */
  readonly pending: number | undefined;
  /** Set with `pending` where both modes are active; cleared by the next negotiation, by REIN and by a login. */
  readonly standing: StandingPort | undefined;
  /** A data connection is here from its negotiation until it is closed and the client knows what became of it. */
  readonly transfers: readonly Transfer[];
  readonly nextId: number;
  /** The completion reply that waits for its data; cleared when the client is given it, or another in its place. */
  readonly held: HeldReply | undefined;
  /** Lines in a row that held no command. */
  readonly badLines: number;
  /** What the client has said that must wait: until the greeting, and during a negotiation. */
  readonly heldClient: readonly ClientEvent[];
  /** Lines of the client's without a command, in a row. */
  readonly blankLines: number;
  /** What the server has said that must wait: while a pinhole is being opened, and while a reply is held. */
  readonly heldServer: readonly ServerEvent[];
  /**
   * Where TLS passes through. `asked`: AUTH is the server's to answer, and what the client says behind it waits. `implicit`: it
   * begins once the server is connected. `opaque`: client and server speak TLS with each other. Undefined: lines are read.
   */
  readonly passthrough: "asked" | "implicit" | "opaque" | undefined;
  /** As the server was told it; set by each USER. */
  readonly user: string;
  /** What holds now; after each accepted login it may be another. */
  readonly policy: Policy;
  /**
   * What will hold once the login under way is accepted; `refused`: the last one was not, and USER has to be said again.
   * Undefined without a login under way, and where no policy is a user's.
   */
  readonly nextPolicy: Policy | "refused" | undefined;
  /** Set by the first positive answer to USER, PASS or ACCT, cleared by REIN. */
  readonly loggedIn: boolean;
  /** The client has promised to say nothing but EPSV (to us, or to a server that agreed); cleared by REIN. */
  readonly epsvAll: boolean;
  /** ALGS: the client's EPSV and EPRT are the server's to understand. Set by DISABLE64, cleared by ENABLE64 and REIN. */
  readonly algsDisabled: boolean;
  /** The server has answered QUIT; never cleared. */
  readonly quitAnswered: boolean;
  /** The gateway wants the session to end when nothing is under way; never cleared. */
  readonly draining: boolean;
  /** What it failed at first; never cleared. */
  readonly failure: Diagnosis | undefined;
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

/** The expected peer of a listening leg has come. */
export function isAdmitted({ came }: Transfer): boolean {
  return came.client !== undefined || came.server !== undefined;
}

/** The data plane is reaching a peer, and tells what comes of it within the connect time. */
export function isBeingMade(transfer: Transfer): boolean {
  const { joined, closed, clientListens, serverListens } = transfer;
  if (joined || closed !== undefined) return false;
  return (
    isDialledOnly(transfer) || (isAdmitted(transfer) && (clientListens === undefined || serverListens === undefined))
  );
}

/**
 * The client's data connection is made, or the client is to be dialled, and the server's is not yet: the command that uses it
 * waits for that, as a passive client's own would. Through the kernel a client is connected only when the server is.
 */
export function isReachingServer(session: Session): boolean {
  const transfer = findTransfer(session, session.pending);
  if (transfer === undefined || transfer.plane === "kernel" || !isPassive(transfer.serverMode)) return false;
  return isBeingMade(transfer) && !transfer.reached;
}

/** A passive client is to connect before it says for what, and has not yet as far as is known. */
export function isClientExpected(session: Session): boolean {
  const transfer = findTransfer(session, session.pending);
  if (transfer === undefined || transfer.plane === "kernel" || !isPassive(transfer.serverMode)) return false;
  return transfer.clientListens !== undefined && !isAdmitted(transfer) && transfer.closed === undefined;
}

/** The server's control connection. Throws in a phase that has none: only a fault of the core asks then. */
export function serverOf({ phase }: Session): ControlSide {
  if ("server" in phase && phase.server !== undefined) return phase.server;
  throw new Error(`no server is connected in the phase ${phase.name}`);
}

/** The server that the session is for, once one is chosen and until the session has ended. */
export function targetOf({ phase }: Session): Target | undefined {
  return "target" in phase ? phase.target : undefined;
}

/** Of the transfer of a data connection; `unknown` before its command. */
export function directionOf(session: Session, id: number): Direction {
  return session.transfers.find((transfer) => transfer.id === id)?.direction ?? "unknown";
}

/** The server as its clients know it: by the name that they have given it, not by what the configuration calls it. */
export function serverName(session: Session): string {
  const target = targetOf(session);
  return target !== undefined && session.options.route.kind === "login" ? target.host : "the server";
}

/**
 * The client's words are also the server's: the configuration converts nothing, and both speak one address family. Throws
 * where no server is connected.
 */
export function isVerbatim(session: Session): boolean {
  if (session.clientOptions.serverMode !== "same") return false;
  return familyOf(serverOf(session).local.address) === clientFamily(session);
}

/** The transfer that is known to be there. Throws where it is not: only a fault of the core asks then. */
export function transferOf(session: Session, id: number): Transfer {
  const transfer = findTransfer(session, id);
  if (transfer === undefined) throw new Error(`no transfer has the id ${id}`);
  return transfer;
}

/** The client waits for its result, and the server owes it. */
export function isUnansweredTransfer(entry: Outstanding): entry is TransferEntry {
  return entry.kind === "transfer" && !entry.answered;
}

/** What the client uploads, or says that it uploads, may still be on its way to the server. */
export function isUploading(session: Session): boolean {
  return session.outstanding.filter(isUnansweredTransfer).some((entry) => isOpenUpload(session, entry));
}

/** Whether an upload's data connection is open: made, or still to be made. */
export function isOpenUpload(session: Session, { direction, id }: TransferEntry): boolean {
  const transfer = findTransfer(session, id);
  return direction !== "download" && transfer !== undefined && transfer.closed === undefined;
}

/** A data connection is in use at this moment. One that no transfer command has used yet has nothing to carry. */
export function isDataMoving({ transfers, pending }: Session): boolean {
  return transfers.some(({ id, joined, closed }) => joined && closed === undefined && id !== pending);
}
