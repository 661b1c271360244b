// Secrets: what a session has heard of them, so that no text about it repeats them: a server may well quote a password in its
// reply (`530 hunter2 is wrong`), and that reply may be the reason why a session ended.

export type Secrets = {
  /**
   * A line of the client's: the argument of PASS or ACCT is remembered, what follows a colon in the name of USER, and the words behind
   * a SITE command on passwords.
   */
  note(line: string): void;
  /** The text with every secret as `****`, also where its bytes that are not printable ASCII have become `?`. */
  hide(text: string): string;
};

/** Shorter ones can't be told from ordinary words and numbers. */
const shortest = 4;
/** More logins than this in one session are guesses. */
const remembered = 4;

export function createSecrets(): Secrets {
  let secrets: readonly string[] = [];
  /** The longest first: one may be the beginning of another. */
  let hidden: readonly string[] = [];
  return {
    note(line) {
      for (const secret of secretsIn(line)) {
        if (secret.length < shortest || secrets.includes(secret)) continue;
        secrets = [...secrets, secret].slice(-remembered);
        hidden = [...new Set(secrets.flatMap((one) => [one, one.replace(/[^\x20-\x7e]/g, "?")]))].toSorted(
          (one, other) => other.length - one.length,
        );
      }
    },
    hide: (text) => hidden.reduce((masked, secret) => masked.replaceAll(secret, "****"), text),
  };
}

/** Takes no more steps than a few for each byte: a client chooses the line. */
function secretsIn(line: string): readonly string[] {
  const secret = /^[^a-z]*(?:pass|acct)[ \t]+([^]*)/i.exec(line)?.[1] ?? /^[^a-z]*user[^:@]*:([^@]*)/i.exec(line)?.[1];
  if (secret !== undefined) return [withoutLastBlanks(secret)];
  if (!/^[^a-z]*site[ \t]/i.test(line)) return [];
  const words = line.split(/[ \t]+/);
  const verb = words.findIndex((word) => /pass|pswd|pwd/i.test(word));
  // The old and the new one are the last.
  return verb === -1 ? [] : words.slice(verb + 1).slice(-2);
}

function withoutLastBlanks(text: string): string {
  let end = text.length;
  while (text[end - 1] === " " || text[end - 1] === "\t") end -= 1;
  return text.slice(0, end);
}
