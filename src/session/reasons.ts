// Reasons: the closed unions of words that say why something ended or was refused. The same word stands in the log, the
// metric label, the transcript and the operators' handbook.

/** Why a session ended. The first reason wins. */
export const endReasons = [
  "quit",
  "client-gone",
  "server-gone",
  "server-closing",
  "server-unreachable",
  "server-line-too-long",
  "loop",
  "not-ftp",
  "idle",
  "login-timeout",
  "too-many-sessions",
  "too-many-sessions-per-client",
  "drained",
  "stopped",
  "internal-error",
] as const;
export type EndReason = (typeof endReasons)[number];

/** Why the gateway answered no. */
export const refusalReasons = [
  "line-too-long",
  "nul-byte",
  "lone-cr",
  "blank-line",
  "not-ftp",
  "malformed-endpoint",
  "port-zero",
  "low-port",
  "foreign-address",
  "unsupported-family",
  "long-form",
  "epsv-all",
  "denied-command",
  "read-only",
  "anonymous-only",
  "tls",
  "no-server",
  "malformed-login",
  "host-not-allowed",
  "server-port",
  "other-server",
  "loop",
  "server-unreachable",
  "server-endpoint-malformed",
  "server-endpoint-low-port",
  "server-endpoint-foreign",
  "server-rejects-mode",
  "ports-exhausted",
  "address-unavailable",
  "plane-unavailable",
  "no-data-connection",
  "unconfirmed-transfer",
  "broken-transfer",
  "too-many-sessions",
  "too-many-sessions-per-client",
] as const;
export type RefusalReason = (typeof refusalReasons)[number];
