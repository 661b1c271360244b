// Secrets: what a session has heard of them, so that no text about it repeats them: a server may well quote a password in its
// reply (`530 hunter2 is wrong`), and that reply may be the reason why a session ended.
import { metricVerb, mistypedPass, parseCommand, upperCaseAscii } from "./command.ts";

export type Secrets = {
  /**
   * A line of the client's: the argument of PASS or ACCT is remembered, also where these are mistyped; what follows a colon in the name
   * of USER or OPEN, the words behind a SITE command on passwords, and a line without a verb where PASS is expected.
   */
  note(line: string): void;
  /** The text with every secret as `****`, also where its bytes that are not printable ASCII have become `?`. */
  hide(text: string): string;
};

/** Shorter ones can't be told from ordinary words and numbers: they are hidden where a negative reply quotes them. */
const shortest = 4;
/** More logins than this in one session are guesses. */
const remembered = 4;

export function createSecrets(): Secrets {
  let secrets: readonly string[] = [];
  /** The longest first: one may be the beginning of another. */
  let hidden: readonly string[] = [];
  /** Each as a word. */
  let short: readonly RegExp[] = [];
  let isPassExpected = false;

  function remember(secret: string): void {
    if (secret === "" || secrets.includes(secret)) return;
    secrets = [...secrets, secret].slice(-remembered);
    // Nearly every session hears of one.
    if (secrets.length === 1 && secret.length >= shortest && isPrintable.test(secret)) {
      hidden = secrets;
      return;
    }
    const long = secrets.filter(({ length }) => length >= shortest);
    hidden = [...new Set(long.flatMap((one) => [one, one.replace(/[^\x20-\x7e]/g, "?")]))].toSorted(
      (one, other) => other.length - one.length,
    );
    short = secrets.filter(({ length }) => length < shortest).map(wordOf);
  }

  return {
    note(line) {
      const found = secretsIn(line, isPassExpected);
      isPassExpected = /^[^a-z]*user/i.test(line);
      found.forEach(remember);
    },
    hide(text) {
      const masked = hidden.reduce((rest, secret) => rest.replaceAll(secret, "****"), text);
      return short.length === 0 ? masked : masked.replace(negativeReply, (said) => withoutWords(said, short));
    },
  };
}

const isPrintable = /^[\x20-\x7e]*$/;
const negativeReply = /\b[45]\d\d[ -][^]*/;

function withoutWords(said: string, words: readonly RegExp[]): string {
  return said.slice(0, 4) + words.reduce((rest, word) => rest.replaceAll(word, "****"), said.slice(4));
}

function wordOf(secret: string): RegExp {
  const literal = secret.replace(
    /[^a-z0-9]/gi,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return new RegExp(`(?<![a-z0-9\x80-\xff])${literal}(?![a-z0-9\x80-\xff])`, "gi");
}

const none: readonly string[] = [];

/** With a letter of theirs (OPEN, ACCT, PASS and what it is mistyped as, SITE, USER): nearly every other line is done with that. */
const beginsLikeSecret = /^[^a-z]*[oapsu]/i;

/** Takes no more steps than a few for each byte: a client chooses the line. */
function secretsIn(line: string, isPassExpected: boolean): readonly string[] {
  if (!isPassExpected && !beginsLikeSecret.test(line)) return none;
  const glued = /^[^a-z]*(?:pass|acct)(?=[^ \t])([^]*)/i.exec(line)?.[1];
  // Servers quote a verb in capitals, and may take all of it for one.
  if (glued !== undefined) return [glued, upperCaseAscii(glued)].map(withoutBlanks);
  const secret =
    /^[^a-z]*(?:pass|acct)[ \t]+([^]*)/i.exec(line)?.[1] ??
    behind(line, mistypedPass(line)) ??
    (line.includes(":") ? /^[^a-z]*user[^:@]*:([^@]*)/i.exec(line)?.[1] : undefined) ??
    passwordOfOpen(line);
  if (secret !== undefined) return [withoutBlanks(secret)];
  if (!/^[^a-z]*site[ \t]/i.test(line)) return isPassExpected && hasNoVerb(line) ? [withoutBlanks(line)] : [];
  const words = line.split(/[ \t]+/);
  const verb = words.findIndex((word) => /pass|pswd|pwd/i.test(word));
  // The old and the new one are the last.
  return verb === -1 ? [] : words.slice(verb + 1).slice(-2);
}

/** `OPEN ftp://user:password@host`: what stands between the last colon before the last `@` and that. */
function passwordOfOpen(line: string): string | undefined {
  if (!/^[^a-z]*open[ \t]/i.test(line)) return undefined;
  const name = line.slice(0, line.lastIndexOf("@") + 1);
  const colon = name.lastIndexOf(":");
  return colon === -1 || name.startsWith("//", colon + 1) ? undefined : name.slice(colon + 1, -1);
}

function behind(line: string, beginning: RegExpExecArray | null): string | undefined {
  return beginning === null ? undefined : line.slice(beginning[0].length);
}

/** Nothing that is known to be a command: behind USER it is the password itself, more likely than not. */
function hasNoVerb(line: string): boolean {
  return metricVerb(parseCommand(line)?.verb ?? "NOOP") === "other";
}

function withoutBlanks(text: string): string {
  let end = text.length;
  let start = 0;
  while (text[end - 1] === " " || text[end - 1] === "\t") end -= 1;
  while (start < end && (text[start] === " " || text[start] === "\t")) start += 1;
  return text.slice(start, end);
}
