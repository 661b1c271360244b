// Configuration as a value: complete, every default filled in, every address parsed, every duration in milliseconds and
// every size in bytes. An option is declared by the layer that needs it; here stands what belongs to the process. How it
// is written in YAML, and the defaults, stand in schema.ts.
import type { DataPlaneChoice, GatewayOptions } from "../gateway/options.ts";
import type { Endpoint, Network } from "../net/endpoint.ts";

/** A place in the text of a configuration, from 1 on; `file` as whoever read it was told. */
export type Position = { readonly line: number; readonly column: number; readonly file?: string };

/** Every problem of a configuration is reported: where, as `gateways[0].clientSide.dataPorts`, and what. */
export type Problem = { readonly path: string; readonly message: string; readonly at?: Position };

export type ParsedConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";
export type LogFormat = "json" | "pretty" | "journal";
export type TransferLogFormat = "xferlog" | "json";

/** How a process holds its control connections: on Node's sockets, or on an event loop of its own. */
export type DriverChoice = "auto" | "node" | "loop";

export type Config = {
  readonly log: {
    readonly level: LogLevel;
    readonly format: LogFormat;
    /** Sessions of clients there are logged at `debug` at least. */
    readonly debugFor: readonly Network[];
    /** Instead of standard output. */
    readonly file?: string;
    /** Transfers alone, besides. */
    readonly transfers?: { readonly file: string; readonly format: TransferLogFormat };
  };
  /** Absent: no admin listener. */
  readonly admin?: {
    readonly listen: Endpoint;
    /** Lower-case names that a Host header may have, besides literal addresses and `localhost`. */
    readonly hosts: readonly string[];
    /** Holds what requests must show. */
    readonly token?: { readonly file: string };
    /** Whoever reaches it may read without one. */
    readonly open: boolean;
  };
  /** Where limits, bans and sessions per server are counted together with other processes; absent: this one counts by itself. */
  readonly shared?: { readonly redis: string; readonly prefix: string; readonly timeoutMs: number };
  /** So many processes serve all of it together; `auto`: one for each core. */
  readonly workers: number | "auto";
  /** What is kept of sessions: so many that have ended well, so many that have failed, so many bytes of each and of all. */
  readonly history: {
    readonly sessions: number;
    readonly failures: number;
    readonly bytesPerSession: number;
    readonly totalBytes: number;
  };
  readonly driver: DriverChoice;
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

/** What the gateway itself is told, and what the process decides for it. */
export type GatewayConfig = GatewayOptions & {
  readonly dataPlane: DataPlaneChoice;
  /** What a probe logs in with; without a file the password is one as anonymous users give. */
  readonly probe: { readonly user: string; readonly passwordFile?: string };
};
