// Security state: what protects the two legs of a session (RFC 2228, RFC 4217), as plain values, and what is read from it. A session
// in clear shares one value and pays nothing for it.
import type { Side } from "../dataplane/pinhole.ts";
import type { LegProtection } from "./events.ts";
import type { ClientOptions, ClientTls, ServerTls, SessionOptions } from "./options.ts";
import type { Target } from "./state.ts";

/** C and P of PROT. */
export type Protection = "clear" | "private";

/** `cleared`: it was under TLS until CCC; data connections may still be. */
export type ControlProtection = "clear" | "tls" | "cleared";

/**
 * What security is doing; the client's further commands are held meanwhile, and not even read. A command that waits is done when
 * every earlier one has its reply.
 */
export type SecurityStage =
  | { readonly kind: "waiting"; readonly verb: "AUTH" | "CCC"; readonly data: Protection }
  /** A command of ours is to be answered by the server. */
  | { readonly kind: "asking"; readonly next: SecurityStep }
  | { readonly kind: "handshake"; readonly side: Side; readonly next: SecurityStep }
  /** TLS towards the client ends; then this holds. */
  | { readonly kind: "ending"; readonly control: Exclude<ControlProtection, "tls"> };

/** What follows. */
export type SecurityStep =
  /** The client's commands. */
  | { readonly kind: "go-on" }
  /** The session: the client has come under TLS. */
  | { readonly kind: "begin"; readonly target: Target | undefined }
  /** The client's TLS, and then PROT for its data connections; if the server is asked first, its refusal is the client's. */
  | { readonly kind: "client-auth"; readonly data: Protection }
  /** Likewise to its PROT. */
  | { readonly kind: "client-prot"; readonly data: Protection }
  /** The USER that has named the server; before it `lines`, HOST and OPTS, whose answers the client has. */
  | { readonly kind: "login"; readonly user: string; readonly lines: readonly string[] };

export type Security = {
  readonly client: {
    readonly control: ControlProtection;
    readonly data: Protection;
    /** PBSZ was said, or does not need to be. */
    readonly isSized: boolean;
    /** The CN of the certificate that it has shown. */
    readonly user: string | undefined;
  };
  readonly server: {
    readonly control: Exclude<ControlProtection, "cleared">;
    readonly data: Protection;
    readonly isSized: boolean;
  };
  readonly stage: SecurityStage | undefined;
};

export const inClear: Security = {
  client: { control: "clear", data: "clear", isSized: false, user: undefined },
  server: { control: "clear", data: "clear", isSized: false },
  stage: undefined,
};

type Secured = { readonly options: SessionOptions; readonly security: Security };

type Known = Pick<Secured, "options"> & { readonly clientOptions: Pick<ClientOptions, "policy"> };

/** Whether AUTH and the like are refused to this client: nobody speaks TLS, or policy says so. */
export function isTlsRefused({ options: { tls }, clientOptions }: Known): boolean {
  return tls === undefined || clientOptions.policy.tls === "refuse";
}

/** What the client may or must use; undefined where the gateway speaks no TLS with it. */
export function clientTls(session: Known): ClientTls | undefined {
  const { tls } = session.options;
  return tls?.kind === "terminate" && !isTlsRefused(session) ? tls.client : undefined;
}

export function serverTls({ options: { tls } }: Pick<Secured, "options">): ServerTls | undefined {
  return tls?.kind === "terminate" ? tls.server : undefined;
}

/** What a data connection of this side is to be planned with. */
export function protectionOf({ security }: Pick<Secured, "security">, side: Side): LegProtection {
  return security[side].data === "private" ? { protection: "private" } : {};
}

/** TLS begins with the next byte of this side: a line that still comes from there was in clear. */
export function isAboutToSecure({ security: { stage } }: Pick<Secured, "security">, side: Side): boolean {
  return stage?.kind === "handshake" && stage.side === side;
}
