// Quirks: every oddity of the language that is tolerated instead of refused, as the word that the log and `quirks_total` use.
// The list is closed, so that it can be a metric label; a quirk never carries what the peer sent. QUIRKS.md says by number who
// does it, and what else is known of the wire.

export const quirks = [
  // Lines and Telnet, client to server.
  "bare-lf",
  "cr-cr-lf",
  "telnet-command",
  "undoubled-iac",
  "leading-space",
  "blank-command-line",
  "odd-separator",
  // PORT, EPRT, 227, 229.
  "space-in-endpoint",
  "leading-zero",
  "no-parentheses",
  "equals-form",
  "digits-before-endpoint",
  "other-delimiter",
  "family-in-229",
  "mapped-address",
  "zone-id",
  // Announced addresses for which the peer's own is taken.
  "unspecified-address",
  "private-address",
  "foreign-address",
  // Commands and replies.
  "command-before-greeting",
  "argument-after-pasv",
  "argument-after-quit",
  "blank-reply-line",
  "stray-reply-line",
  "bare-reply-code",
  "other-code-in-reply",
  "reply-without-end",
  // The order of replies.
  "login-without-password",
  "unasked-reply",
  "reply-out-of-order",
  "reply-missing",
  "abort-answered-once",
  "missing-preliminary",
  "late-final-reply",
  "closed-without-final-reply",
  // Data connections under TLS.
  "no-close-notify",
] as const;

export type Quirk = (typeof quirks)[number];

/** The one empty list that every ordinary line shares. */
export const noQuirks: readonly Quirk[] = [];
