// Session options: what a session must be told. The gateway composes them from its own.
import type { Side } from "../dataplane/pinhole.ts";
import type { Network } from "../net/endpoint.ts";
import type { OwnGround } from "./dialling.ts";
import type { ServerMode } from "./mode.ts";

/** `pattern` is a lower-case name; a leading `*.` stands for one or more labels, `*` alone for any host whatever. */
export type AllowRule =
  | { readonly kind: "name"; readonly pattern: string }
  | { readonly kind: "network"; readonly network: Network };

/** What is done with an announced address that is not the peer's: take the peer's, refuse, or take it from these networks. */
export type ForeignAddress =
  | { readonly kind: "use-peer" }
  | { readonly kind: "refuse" }
  | { readonly kind: "allow"; readonly networks: readonly Network[] };

/** What TLS the client may or must use, where TLS is terminated. */
export type ClientTls = {
  /** `login`: USER needs AUTH before. `data`: transfers need PROT P too. */
  readonly require: "none" | "login" | "data";
  /** CCC takes the control connection back to clear text. */
  readonly ccc: boolean;
  /** `cn`: USER has to name the CN of the client's certificate. */
  readonly user?: "cn";
};

export type TlsDemand = "refuse" | ClientTls["require"];

/** What TLS the server is asked for, likewise. */
export type ServerTls = {
  /**
   * `auto`: a server that answers 5yz to AUTH is served in clear. `required`: it is not. `match-client`: AUTH and PROT are said to the
   * server when the client says them, and its refusal is the client's.
   */
  readonly mode: "off" | "auto" | "required" | "match-client";
  /** The server speaks TLS from the first byte on. */
  readonly implicit: boolean;
  /** PROT of data connections. `match`: the client's own, and private where the client's control connection is in clear. */
  readonly data: "match" | "clear" | "private";
};

/**
 * `passthrough`: client and server speak TLS with each other, and the gateway can't read it. `terminate`: each side has its own TLS
 * or none.
 */
export type SessionTls =
  | { readonly kind: "passthrough" }
  | { readonly kind: "terminate"; readonly client: ClientTls; readonly server: ServerTls };

export type Policy = {
  readonly foreignAddress: ForeignAddress;
  /** An announced port below it is refused. */
  readonly minDataPort: number;
  /** Verbs in upper case, and commands of SITE such as `SITE CHMOD`. */
  readonly commands: { readonly allow: readonly string[] } | { readonly deny: readonly string[] };
  readonly readOnly: boolean;
  readonly anonymousOnly: boolean;
  /** PORT, EPRT, PASV and EPSV are let through before the server has accepted a login. */
  readonly pinholesBeforeLogin: boolean;
  /** Replies that say what failed name the addresses of the server side too. */
  readonly tellInnerAddresses: boolean;
  /**
   * What TLS a client may or must use where `SessionOptions.tls` is something; absent: as it says. `refuse`: AUTH is refused; it counts only
   * where the client is known by its address, because USER comes behind AUTH. The policy of a user in whom it is absent leaves what holds for
   * the client.
   */
  readonly tls?: TlsDemand;
};

/**
 * What holds for the users whose name one of the patterns matches, instead of what holds for the client. A pattern is
 * printable ASCII in lower case; `*` stands for any characters, `?` for one.
 */
export type UserPolicy = { readonly users: readonly string[]; readonly policy: Policy };

/** An entry of `policies`: whom it is for, and all that holds then. What is absent (one at most) is anybody. */
export type PolicyEntry = {
  readonly clients?: readonly Network[];
  readonly users?: readonly string[];
  readonly policy: Policy;
};

/** Whom a server of a pool is for. Both absent: for whoever has no server of its own. Patterns of users, as in UserPolicy, and of names. */
export type ServerFor = { readonly users?: readonly string[]; readonly hosts?: readonly string[] };

/** `byUser`: each user has one server among those that are meant. */
export type PoolChoice = {
  readonly servers: readonly ServerFor[];
  readonly byUser: boolean;
  /** Lines of FEAT that each of the servers was seen to have, without the blank before them; none while one has not been seen. */
  readonly features: () => readonly string[];
};

export type Route =
  | { readonly kind: "fixed"; readonly host: string; readonly port: number }
  /**
   * Several servers, which are one to a session: it knows no name of theirs. `choice`: users or hosts have their own, and the gateway
   * greets by itself; absent: any server serves, and greets.
   */
  | { readonly kind: "pool"; readonly choice?: PoolChoice }
  | { readonly kind: "login"; readonly allow: readonly AllowRule[] }
  /** The server is the original destination of the intercepted connection: each session is told its own. */
  | { readonly kind: "transparent" };

/** What all sessions of a gateway share. Times in milliseconds. */
export type SessionOptions = {
  readonly route: Route;
  readonly timeouts: {
    readonly connectMs: number;
    readonly loginMs: number;
    readonly idleMs: number;
    readonly lingerMs: number;
  };
  readonly own: OwnGround;
  /** Absent: AUTH is refused. */
  readonly tls?: SessionTls;
  /** What is added to a data port when that side's peer is told of it: what stands in front forwards other ports. Absent: nothing. */
  readonly portShift?: Readonly<Record<Side, number>>;
};

/** What may differ from one client of a gateway to the next; decided before its session begins. */
export type ClientOptions = {
  /** Until the server has accepted a login, and for users whom no pattern matches. */
  readonly policy: Policy;
  /** The first that matches is the user's. */
  readonly userPolicies: readonly UserPolicy[];
  readonly serverMode: ServerMode;
  /** So many commands at most are held or without their final reply; further ones are left unread. */
  readonly heldCommands: number;
  /** So many lines in a row that hold no command end the session. */
  readonly badLines: number;
  /** With so many bytes of lines held, of the client or of the server, that peer is left unread too. */
  readonly heldBytes: number;
};
