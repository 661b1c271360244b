// Gateway options: what a gateway must be told. The wiring composes them from the configuration, which has these same types.
// Every address is parsed, every time is in milliseconds, every size in bytes.
import type { PlaneName } from "../dataplane/pinhole.ts";
import type { Endpoint, Network } from "../net/endpoint.ts";
import type { ProxyVersion } from "../net/proxy-protocol.ts";
import type { LogLevel } from "../observe/log.ts";
import type { ServerMode } from "../session/mode.ts";
import type { TlsVersion } from "../net/tls.ts";
import type { AllowRule, ClientTls, Policy, PolicyEntry, ServerFor, ServerTls } from "../session/options.ts";

/** Both ends included; 1 to 65535. */
export type PortRange = { readonly first: number; readonly last: number };

/**
 * Where a side's data connections arrive. `advertised`: of the same length, the ports that peers are told instead, in order: where
 * something in front of the gateway forwards other ports than those it listens on (Docker, NodePort, port forwarding).
 */
export type DataPorts = PortRange & { readonly advertised?: PortRange };

/** `host` is a literal address in canonical form, or a lower-case name that is resolved when a session connects. */
export type HostPort = { readonly host: string; readonly port: number };

/** Who may connect to a data port, seen from the peer of the control connection; `same-network` is its /24 or /64. */
export type DataPeer = "same-address" | "same-network" | "any" | { readonly networks: readonly Network[] };

/** `auto`: the best that the machine has. A plane by name is tried first, those after it in the order still follow. */
export type DataPlaneChoice = "auto" | PlaneName;

export type TransparentRoute = {
  readonly kind: "transparent";
  /**
   * How connections are intercepted: nftables' `redirect`, which needs no privilege of ours (listeners take connections to
   * any address where the process may), or `tproxy` (they must).
   */
  readonly method: "redirect" | "tproxy";
  /** Of servers; connections to these are intercepted. */
  readonly ports: readonly number[];
  /** Where the clients are; absent: connections from anywhere are intercepted. */
  readonly interface?: string;
  /** Whose address is put into 227; with `tproxy` it is the server's in any case. */
  readonly advertise: "gateway" | "server";
  /** The server sees the client's own address. */
  readonly clientAddress: boolean;
};

/** One server of a pool. `name`: as it is configured, by which it is known. `weight`: 0 to 100; 0 gets no new session. */
export type PoolServer = {
  readonly name: string;
  readonly server: HostPort;
  readonly weight: number;
  /** A PROXY header of that version tells it who the client is. */
  readonly proxyProtocol?: ProxyVersion;
  /** Data connections to it begin with one, too. */
  readonly proxyProtocolData?: boolean;
} & ServerFor;

/** `client-hash`, `user-hash`: a client, or a user, comes to the same server as long as that is up. */
export type Balance = "least-sessions" | "round-robin" | "client-hash" | "user-hash";

export type PoolRoute = {
  readonly kind: "pool";
  readonly servers: readonly PoolServer[];
  readonly balance: Balance;
  /** So many failures in a row, and a server is down; then one session tries it after each `everyMs`. */
  readonly fall: number;
  readonly everyMs: number;
  /** A server that is new or comes back gets its share within so long, a growing part of it meanwhile; 0: at once. */
  readonly slowStartMs: number;
  /** Absent: sessions alone find out who is up. */
  readonly checks?: HealthChecks;
};

/** Each server is tried each `everyMs`; one that is down is up again after so many passes in a row, and only then. */
export type HealthChecks = {
  readonly rise: number;
  /** Of one check. */
  readonly timeoutMs: number;
  /** Absent: a check ends with the greeting. `passwordFile` absent: as anonymous users have it. */
  readonly login?: { readonly user: string; readonly passwordFile?: string };
  /** It also lists a directory. */
  readonly isListing: boolean;
};

export type GatewayRoute =
  | PoolRoute
  | { readonly kind: "fixed"; readonly server: HostPort }
  | { readonly kind: "login"; readonly allow: readonly AllowRule[] }
  | TransparentRoute;

/** Where an address is found that may change: a name, resolved again after so long, or a file, read again when it changes. */
export type AddressSource = { readonly name: string; readonly everyMs: number } | { readonly file: string };

/** A literal address, or where it is found. */
export type Advertised = string | AddressSource;

/** One side's data connections. */
type SideOptions = {
  /** The address that the peer is told; absent: the local one of the control connection to it. */
  readonly advertise?: Advertised;
  /** Absent: whatever port the system gives. */
  readonly dataPorts?: DataPorts;
  readonly dataPeer: DataPeer;
};

/** Paths of PEM files. A certificate is followed by those that lead from it to a trusted one. */
export type CertificateFiles = { readonly cert: string; readonly key: string };

/** What a leg under TLS that ends without close_notify is: broken, and then reset on both sides, or complete. */
export type Truncation = "reset" | "tolerate";

/** The gateway as TLS server. */
export type ClientSideTls = ClientTls & {
  /** At least one where TLS is terminated. Chosen by SNI: the exact name, then a wildcard, then the first. */
  readonly certificates: readonly CertificateFiles[];
  readonly minVersion: TlsVersion;
  /** Of data connections. `require`: one that does not resume the session of its own control connection is refused. */
  readonly sessionReuse: "prefer" | "require";
  /** Clients are asked for a certificate, which this file's authorities have to have signed; with `require` they must show one. */
  readonly clientCertificates?: { readonly ca: string; readonly require: boolean };
  readonly truncation: Truncation;
};

/** The gateway as TLS client. */
export type ServerSideTls = ServerTls & {
  /** The chain and the name in the server's certificate are checked. */
  readonly verify: boolean;
  /** `system`, or the path of a file of trusted authorities. */
  readonly ca: string;
  /** The name that the certificate has to be for, and that is asked for (SNI); absent: the host of the route. */
  readonly name?: string;
  /** SHA-256 of the SPKI of the server's certificate, in base64. Checked besides the chain; alone without `verify`. */
  readonly pin?: string;
  /** What the gateway shows to a server that asks for a certificate. */
  readonly certificate?: CertificateFiles;
  readonly minVersion: TlsVersion;
  readonly truncation: Truncation;
};

/** As SessionTls, with what sockets need. */
export type GatewayTls =
  | { readonly kind: "passthrough" }
  | { readonly kind: "terminate"; readonly client: ClientSideTls; readonly server: ServerSideTls };

/**
 * Where clients arrive. `implicit`: TLS begins with the first byte, or behind the header of `proxyProtocol`, which balancers in these
 * networks send and nobody else may come without.
 */
export type Entrance = Endpoint & {
  readonly tls?: "implicit";
  readonly proxyProtocol?: { readonly from: readonly Network[] };
};

/** So many in each second, and besides so many in ten seconds. */
export type Rate = { readonly rate: number; readonly burst: number };

/**
 * The failure that is number `most` within `withinMs` bans a client, for `banMs` the first time and twice as long each further
 * time, up to `banMostMs`.
 */
export type LoginFailures = {
  readonly withinMs: number;
  readonly most: number;
  readonly banMs: number;
  readonly banMostMs: number;
};

export type GatewayOptions = {
  readonly name: string;
  /** Of its own lines and of those of sessions to come; absent: the level of the log. */
  readonly logLevel?: LogLevel;
  /** At least one; port 0 takes any free port. */
  readonly listen: readonly Entrance[];
  readonly route: GatewayRoute;
  readonly clientSide: SideOptions & {
    /** The first that contains the client's address wins, before `advertise`. */
    readonly advertiseTo: readonly { readonly clients: Network; readonly address: Advertised }[];
    /** The balancers of the entrances carry data connections, too: each begins with a PROXY header, whose source is the client. */
    readonly dataProxyProtocol: boolean;
  };
  readonly serverSide: SideOptions & { readonly mode: ServerMode };
  /** Absent: AUTH is refused. */
  readonly tls?: GatewayTls;
  readonly policy: Policy;
  /** The first that matches holds instead. */
  readonly policies: readonly PolicyEntry[];
  readonly limits: {
    readonly sessions: number;
    /** A client is an IPv4 address, or the /64 of an IPv6 address. */
    readonly sessionsPerClient: number;
    /** Percent of `sessions` that those may hold who have not logged in. */
    readonly preLogin: number;
    /** Of one client; beyond the burst it is turned away. */
    readonly connectsPerSecond: Rate;
    /** Of one client; beyond the burst it is read later. */
    readonly commandsPerSecond: Rate;
    readonly pinholesPerClient: number;
    readonly loginFailures: LoginFailures;
    /** Of one session, in each direction. */
    readonly bufferedBytes: number;
    readonly commandBytes: number;
    readonly replyLineBytes: number;
    readonly heldCommands: number;
    readonly badLines: number;
  };
  readonly timeouts: {
    readonly connectMs: number;
    readonly loginMs: number;
    readonly idleMs: number;
    readonly pinholeMs: number;
    readonly dataStallMs: number;
    readonly lingerMs: number;
    readonly drainMs: number;
    readonly keepaliveMs: number;
  };
};
