// User pattern: whether the name that a client logs in with is meant by `alice`, `backup-*` or `guest?`. Names are bytes,
// one character each.
import { upperCaseAscii } from "../ftp/command.ts";

/** RFC 1635: two names of the one user that needs no account. */
const anonymousNames: readonly string[] = ["ANONYMOUS", "FTP"];

export function isAnonymousName(user: string): boolean {
  return anonymousNames.includes(plain(user));
}

/**
 * Whether the pattern means this user. `*` stands for any characters, `?` for one byte other than `*`. Neither the
 * case of ASCII letters nor blanks around the name matter, because there are servers to which they don't; `anonymous` and `ftp` are one
 * user. Other letters are the bytes that they are: which ones a server takes for the same is for its code page to say.
 */
export function isUserMeant(pattern: string, user: string): boolean {
  const name = plain(user);
  const names = anonymousNames.includes(name) ? anonymousNames : [name];
  return names.some((one) => matches(upperCaseAscii(pattern), one));
}

/** The same for names that are one user's, as far as patterns tell: by it users are spread over servers. */
export function userKey(user: string): string {
  return isAnonymousName(user) ? "ANONYMOUS" : plain(user);
}

function plain(user: string): string {
  return upperCaseAscii(user.trim());
}

/** Takes at most as many steps as the product of both lengths: a client chooses the text. */
function matches(pattern: string, text: string): boolean {
  let at = 0;
  let next = 0;
  /** Behind the last `*`, and where in the text what follows it is tried. */
  let retry: { readonly pattern: number; text: number } | undefined;
  while (at < text.length) {
    const wanted = pattern[next];
    if (wanted === "*") {
      next += 1;
      retry = { pattern: next, text: at };
    } else if (wanted !== undefined && (wanted === text[at] || (wanted === "?" && text[at] !== "*"))) {
      next += 1;
      at += 1;
    } else if (retry !== undefined) {
      retry.text += 1;
      next = retry.pattern;
      at = retry.text;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(next));
}
