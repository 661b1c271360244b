// Facts for operators, which the core records; observe/ turns them into metrics and log lines.
import type { Endpoint } from "../net/endpoint.ts";
import type { Quirk } from "../ftp/quirks.ts";
import type { Secured, TlsCause } from "../net/tls.ts";
import { pinholeOutcomes, type PlaneName, type Side } from "../dataplane/pinhole.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { Mode } from "./mode.ts";
import type { EndReason, RefusalReason } from "./reasons.ts";

export const directions = ["download", "upload", "unknown"] as const;
export type Direction = (typeof directions)[number];

/**
 * `rejected`: the server refused the transfer before data flowed. `unconfirmed`: the data connection ended in order, and the
 * server did not say that the transfer is complete. Otherwise as the data plane saw it.
 */
export const transferOutcomes = [...pinholeOutcomes, "rejected", "unconfirmed"] as const;
export type TransferOutcome = (typeof transferOutcomes)[number];

export type TransferEnded = {
  readonly kind: "transfer-ended";
  /** Of its data connection. */
  readonly id: number;
  readonly verb: string;
  readonly direction: Direction;
  readonly clientMode: Mode;
  readonly serverMode: Mode;
  readonly plane: PlaneName;
  readonly outcome: TransferOutcome;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly durationMs: number;
  /** Both legs were connected. */
  readonly joined: boolean;
  readonly detail?: string;
  /** Where it failed, and why. */
  readonly diagnosis?: Diagnosis;
};

/** Which of a side's connections is or was to be under TLS. */
export type TlsConnection = { readonly side: Side; readonly connection: "control" | "data" };

/** `name`, `peer`: as `name` and `subject` of the event `tls-started`. */
export type TlsStarted = Secured &
  TlsConnection & { readonly kind: "tls-started"; readonly name?: string; readonly peer?: string };

export type Fact =
  | { readonly kind: "command"; readonly verb: string }
  /** One reply, its code as written to the client. */
  | { readonly kind: "reply"; readonly code: number }
  | { readonly kind: "refusal"; readonly reason: RefusalReason; readonly detail: string }
  | { readonly kind: "quirk"; readonly quirk: Quirk }
  | TlsStarted
  | (TlsConnection & { readonly kind: "tls-failed"; readonly cause: TlsCause; readonly detail: string })
  /** CCC: the client's control connection is clear text again. */
  | { readonly kind: "tls-ended"; readonly side: "client" }
  /** From here on the session is TLS between client and server, which the gateway can't read; CCC has ended that. */
  | { readonly kind: "opaque" | "opaque-ended" }
  | { readonly kind: "server-connected"; readonly peer: Endpoint; readonly local: Endpoint }
  /** The server accepted a login; `user` as the client typed it, without what follows a colon. */
  | { readonly kind: "logged-in"; readonly user: string }
  /** The server refused one. */
  | { readonly kind: "login-failed"; readonly user: string; readonly code: number }
  | { readonly kind: "translated"; readonly from: Mode; readonly to: Mode }
  /** The server answered that it does not know this mode; remembered for its endpoint. */
  | { readonly kind: "server-rejects"; readonly mode: Mode; readonly code: number }
  | { readonly kind: "transfer-started"; readonly plane: PlaneName; readonly verb: string }
  | TransferEnded
  /** What the session failed at: once, the first. `transfer`: the id of its data connection. */
  | { readonly kind: "failure"; readonly diagnosis: Diagnosis; readonly transfer?: number }
  | { readonly kind: "ended"; readonly reason: EndReason; readonly detail: string };
