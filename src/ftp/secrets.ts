// Secrets: what a session has heard of them, so that no text about it repeats them: a server may well quote a password in its
// reply (`530 hunter2 is wrong`), and that reply may be the reason why a session ended.

export type Secrets = {
  /** A line of the client's: the argument of PASS or ACCT is remembered, and what follows a colon in the name of USER. */
  note(line: string): void;
  /** The text with every secret as `****`. */
  hide(text: string): string;
};

/** Shorter ones can't be told from ordinary words and numbers. */
const shortest = 4;
/** More logins than this in one session are guesses. */
const remembered = 4;

export function createSecrets(): Secrets {
  let secrets: readonly string[] = [];
  return {
    note(line) {
      const secret =
        /^[^a-z]*(?:pass|acct)[ \t]+(.*?)[ \t]*$/i.exec(line)?.[1] ?? /^[^a-z]*user[^:@]*:([^@]*)/i.exec(line)?.[1];
      if (secret === undefined || secret.length < shortest || secrets.includes(secret)) return;
      secrets = [...secrets, secret].slice(-remembered);
    },
    hide: (text) => secrets.reduce((hidden, secret) => hidden.replaceAll(secret, "****"), text),
  };
}
