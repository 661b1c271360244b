// Report of a probe, and what it and its driver say to each other.
import type { Endpoint } from "../net/endpoint.ts";
import type { TlsCause, TlsVersion } from "../net/tls.ts";

/** How a data connection is announced. */
export const probeForms = ["PASV", "EPSV", "PORT", "EPRT"] as const;
export type ProbeForm = (typeof probeForms)[number];

/** What has happened. */
export type ProbeEvent =
  | { readonly kind: "connected"; readonly local: Endpoint; readonly remote: Endpoint }
  /** The control connection could not be made, or has ended; `why` is absent where that was in order. */
  | { readonly kind: "closed"; readonly why?: string }
  /** Of the control connection, without its terminator. */
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "listening"; readonly endpoint: Endpoint }
  | { readonly kind: "data-connected" }
  /** Also of one that could not be made. `received` is the beginning of what came, latin1; `bytes` counts all of it. */
  | { readonly kind: "data-closed"; readonly why?: string; readonly received: string; readonly bytes: number }
  /** The handshake that was asked for is done, and the peer is the one that is meant. */
  | { readonly kind: "secured"; readonly connection: ProbeConnection; readonly secured: ProbeSecured }
  /** Instead. `why` is for people. */
  | {
      readonly kind: "tls-failed";
      readonly connection: ProbeConnection;
      readonly cause: TlsCause;
      readonly why: string;
    }
  /** Nothing has happened for too long. */
  | { readonly kind: "timed-out" };

export type ProbeConnection = "control" | "data";

/** `resumed`: a session of before was used again. */
export type ProbeSecured = { readonly version: TlsVersion; readonly resumed: boolean };

/** What the driver is to do. */
export type ProbeAsk =
  | { readonly kind: "connect" | "close" }
  /** The next byte of it in each direction is TLS. */
  | { readonly kind: "secure"; readonly connection: ProbeConnection }
  /** `isProtected`: it will be secured, and nothing is read before. */
  | { readonly kind: "listen"; readonly isProtected: boolean }
  /** Without its terminator. */
  | { readonly kind: "send"; readonly line: string }
  | { readonly kind: "dial"; readonly endpoint: Endpoint; readonly isProtected: boolean }
  /** Sends it on the data connection, latin1, and ends that. */
  | { readonly kind: "upload"; readonly content: string }
  | { readonly kind: "drop-data" };

export const probeSteps = ["connect", "greeting", "tls", "login", "list", "upload", "download", "delete"] as const;

/** What the probe itself saw go wrong. */
export const probeProblems = [
  /** No control connection. */
  "not-connected",
  /** It has ended before its time. */
  "closed",
  "no-reply",
  /** A command was answered no. */
  "rejected",
  /** A 227 or 229 without an endpoint. */
  "no-endpoint",
  /** No connection to the endpoint that was announced. */
  "not-reached",
  /** No connection came to the endpoint that the probe announced. */
  "nobody-came",
  /** A data connection that was made did not carry all of it. */
  "broken",
  /** Other bytes came back than were sent. */
  "differs",
  /** No TLS on the control connection. */
  "tls-failed",
  /** No TLS on a data connection. */
  "data-tls-failed",
] as const;
export type ProbeProblem = (typeof probeProblems)[number];

/** `forbidden`: the server, or the gateway's policy, does not allow it; nothing is wrong with the connections. */
export type StepResult =
  | { readonly outcome: "ok"; readonly bytes?: number }
  | {
      readonly outcome: "failed" | "forbidden";
      readonly problem: ProbeProblem;
      readonly sentence: string;
      /** Where TLS has failed. */
      readonly tls?: TlsCause;
    };

export type ProbeStep = { readonly name: (typeof probeSteps)[number]; readonly durationMs: number } & StepResult;

export type ProbeReport = {
  readonly form: ProbeForm;
  /** No step has failed. */
  readonly isOk: boolean;
  readonly steps: readonly ProbeStep[];
  /** Both ends of the control connection, once it was made. */
  readonly local?: Endpoint;
  readonly remote?: Endpoint;
  /** Of the last data connection: to the probe, or by it. */
  readonly announced?: Endpoint;
  /** Of the control connection. */
  readonly secured?: ProbeSecured;
};

export function ok(): StepResult {
  return { outcome: "ok" };
}

export function problem(
  kind: ProbeProblem,
  sentence: string,
): StepResult & { readonly outcome: "failed" | "forbidden" } {
  return { outcome: "failed", problem: kind, sentence };
}
