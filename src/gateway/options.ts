// What a gateway needs to be told. The wiring composes it from the configuration.
import type { Endpoint, Network } from "../net/endpoint.ts";
import type { ServerMode } from "../session/mode.ts";
import type { AllowRule, Policy } from "../session/options.ts";

export type DataPeer = "same-address" | "same-network" | "any";
export type PortRange = { readonly first: number; readonly last: number };

export type TransparentRoute = {
  readonly kind: "transparent";
  /** `tproxy`: listeners must take connections to any address; with `redirect` they do where the process may. */
  readonly method: "redirect" | "tproxy";
  /** Whose address a client is told that was redirected. */
  readonly advertise: "gateway" | "server";
  /** The server sees the client's own address. */
  readonly clientAddress: boolean;
};

export type GatewayOptions = {
  readonly name: string;
  readonly listen: readonly Endpoint[];
  readonly route:
    | { readonly kind: "fixed"; readonly server: { readonly host: string; readonly port: number } }
    | { readonly kind: "login"; readonly allow: readonly AllowRule[] }
    | TransparentRoute;
  readonly clientSide: {
    readonly advertise?: string;
    readonly advertiseTo: readonly { readonly clients: Network; readonly address: string }[];
    readonly dataPorts?: PortRange;
    readonly dataPeer: DataPeer;
  };
  readonly serverSide: {
    readonly mode: ServerMode;
    readonly advertise?: string;
    readonly dataPorts?: PortRange;
    readonly dataPeer: DataPeer;
  };
  readonly policy: Policy;
  readonly limits: {
    readonly sessions: number;
    readonly sessionsPerClient: number;
    readonly commandBytes: number;
    readonly replyLineBytes: number;
    readonly heldCommands: number;
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
