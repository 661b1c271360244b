// Diagnosis: which hop of a session failed and why, as closed unions, with one sentence and one advice for people. The same words
// stand in the log, the metric label, the transcript, the API and the operators' handbook. A refusal by policy is no failure.

/**
 * Where a session can fail. A data connection's hop is named by who connects: `client-data-in` the client to our pinhole,
 * `client-data-out` we to the client; likewise for the server. `gateway`: this process or machine.
 */
export const hops = [
  "client-control",
  "client-data-in",
  "client-data-out",
  "server-control",
  "server-data-in",
  "server-data-out",
  "gateway",
] as const;
export type Hop = (typeof hops)[number];

/** Why a control connection can fail that was made. */
const lost = ["reset", "timed-out"] as const;

/**
 * Why there is no TLS where it has to be. `tls-certificate`: one side does not take the other's. `tls-version`: they have no version or
 * cipher in common. `tls-failed`: anything else.
 */
const unprotected = ["tls-certificate", "tls-version", "tls-failed"] as const;
/** `tls-not-resumed`: it has to resume the session of its control connection. `tls-truncated`: it ended without close_notify. */
const unprotectedData = [...unprotected, "tls-not-resumed", "tls-truncated"] as const;

/** Why a connection that we make can fail. `not-permitted`: a packet filter of this machine. */
const dialled = ["refused", "timed-out", "unreachable", "not-permitted"] as const;

/**
 * Why nobody is there whom we wait for. `other-address`: somebody came from the peer's network, not from its address. `stranger-came`:
 * somebody came from elsewhere. `private-address`: a private address was announced to a peer on the public Internet.
 */
const awaited = ["nobody-came", "other-address", "stranger-came", "private-address"] as const;

/** Why a data connection can fail that was made. `big-packets-lost`: full-size segments do not pass (an MTU black hole). */
const broken = ["reset", "stalled", "big-packets-lost"] as const;

/** Every cause that a hop can have. */
export const hopCauses = {
  "client-control": [...lost, ...unprotected],
  "client-data-in": [...awaited, ...broken, ...unprotectedData],
  "client-data-out": [...dialled, ...broken, ...unprotectedData],
  "server-control": [
    "name-unresolved",
    ...dialled,
    /** The route leads to a pool, and none of its servers has taken the session. */
    "no-server-up",
    /** Connected, and no greeting came in time. */
    "no-greeting",
    /** The server said 421, or closed in order without being asked to. */
    "turned-away",
    "closed",
    "reset",
    /** It sent what can't be FTP. */
    "line-too-long",
    /** It answered no to every way of negotiating a data connection. */
    "rejected",
    /** Its 227 or 229 holds no endpoint. */
    "no-endpoint",
    /** It never said what became of a transfer. */
    "no-reply",
    /** It refuses AUTH, or PROT, which the configuration wants. */
    "tls-refused",
    ...unprotected,
  ],
  "server-data-in": [...awaited, ...broken, ...unprotectedData],
  "server-data-out": [...dialled, ...broken, ...unprotectedData],
  gateway: [
    "ports-exhausted",
    "address-unavailable",
    "plane-unavailable",
    "plane-failed",
    "no-descriptor",
    "loop",
    "internal-error",
  ],
} as const satisfies Record<Hop, readonly string[]>;

export type Cause = (typeof hopCauses)[Hop][number];

/** All of them, each once. */
export const causes: readonly Cause[] = [...new Set(hops.flatMap((hop): readonly Cause[] => hopCauses[hop]))];

/** What failed, in words. Texts are one line of ASCII. */
export type Diagnosis = {
  readonly hop: Hop;
  readonly cause: Cause;
  /** For operators: with every endpoint. */
  readonly sentence: string;
  /** For operators: what to do. */
  readonly advice: string;
  /** What the client may read: the endpoints of its own side, and the server by its public name. Below 200 characters. */
  readonly clientSentence: string;
};
