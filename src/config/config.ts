// The configuration as a value: complete, every default filled in, every address parsed, every duration in milliseconds
// and every size in bytes. It is what the wiring composes the options of the layers from. How it is written in YAML, and
// the defaults, stand in schema.ts; no layer imports this.
import type { Endpoint, Network } from "../net/endpoint.ts";

/** Every problem of a configuration is reported: where, as `gateways[0].clientSide.dataPorts`, and what. */
export type Problem = { readonly path: string; readonly message: string };

export type ParsedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";
export type LogFormat = "json" | "pretty";

export type Config = {
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  /** Absent: no admin listener. */
  readonly admin?: { readonly listen: Endpoint };
  readonly kernel: KernelConfig;
  readonly gateways: readonly GatewayConfig[];
};

/** What the kernel data plane, shared by all gateways, is known by on this machine. */
export type KernelConfig = {
  /** Of nftables, family inet. */
  readonly table: string;
  /** Of connections, under the mask. */
  readonly mark: number;
  readonly mask: number;
};

export type GatewayConfig = {
  readonly name: string;
  /** At least one; port 0 takes any free port. */
  readonly listen: readonly Endpoint[];
  readonly route: Route;
  readonly clientSide: ClientSideConfig;
  readonly serverSide: ServerSideConfig;
  readonly dataPlane: "auto" | "relay" | "splice" | "kernel";
  readonly policy: PolicyConfig;
  readonly limits: LimitsConfig;
  readonly timeouts: TimeoutsConfig;
};

/** `host` is a literal address in canonical form, or a lower-case name that is resolved when a session connects. */
export type HostPort = { readonly host: string; readonly port: number };

export type Route =
  | { readonly kind: "fixed"; readonly server: HostPort }
  | { readonly kind: "login"; readonly allow: readonly AllowRule[] }
  | TransparentRoute;

export type TransparentRoute = {
  readonly kind: "transparent";
  /** How connections are intercepted: nftables' `redirect`, which needs no privilege of ours, or `tproxy`. */
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

/** `pattern` is a lower-case name; a leading `*.` stands for one or more labels, `*` alone for any host whatever. */
export type AllowRule =
  | { readonly kind: "name"; readonly pattern: string }
  | { readonly kind: "network"; readonly network: Network };

/** Both ends included; 1 to 65535. */
export type PortRange = { readonly first: number; readonly last: number };

export type DataPeer = "same-address" | "same-network" | "any";

export type ClientSideConfig = {
  /** Absent: the local address of the client's control connection. */
  readonly advertise?: string;
  /** The first that contains the client's address wins, before `advertise`. */
  readonly advertiseTo: readonly { readonly clients: Network; readonly address: string }[];
  /** Absent: whatever port the system gives. */
  readonly dataPorts?: PortRange;
  readonly dataPeer: DataPeer;
};

export type ServerSideConfig = {
  readonly mode: "same" | "passive" | "active" | "auto";
  /** Absent: the local address of the server's control connection. */
  readonly advertise?: string;
  /** Absent: whatever port the system gives. */
  readonly dataPorts?: PortRange;
  readonly dataPeer: DataPeer;
};

export type ForeignAddressPolicy =
  | { readonly kind: "use-peer" }
  | { readonly kind: "refuse" }
  | { readonly kind: "allow"; readonly networks: readonly Network[] };

export type PolicyConfig = {
  readonly foreignAddress: ForeignAddressPolicy;
  /** An announced port below it is refused. */
  readonly minDataPort: number;
  /** Verbs in upper case. */
  readonly commands: { readonly deny: readonly string[] } | { readonly allow: readonly string[] };
  readonly readOnly: boolean;
  readonly anonymousOnly: boolean;
  readonly tls: "refuse";
};

export type LimitsConfig = {
  readonly sessions: number;
  readonly sessionsPerClient: number;
  readonly commandBytes: number;
  readonly replyLineBytes: number;
  readonly heldCommands: number;
};

export type TimeoutsConfig = {
  readonly connectMs: number;
  readonly loginMs: number;
  readonly idleMs: number;
  readonly pinholeMs: number;
  readonly dataStallMs: number;
  readonly lingerMs: number;
  readonly drainMs: number;
  readonly keepaliveMs: number;
};
