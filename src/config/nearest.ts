// Nearest word: which known one a mistyped one was meant to be.

/**
 * The known word that is equal but for case, `-` and `_`; at most two edits away (fewer for short words); the only one that
 * begins as this one does (`warning`, `act`); or equal in its consonants (`pasv`).
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const wanted = plain(word);
  const same = known.find((candidate) => plain(candidate) === wanted);
  if (same !== undefined) return same;
  // Nothing of a sensible length is near, and the comparison is quadratic.
  if (wanted.length > 40) return undefined;
  const tolerance = wanted.length <= 4 ? 1 : 2;
  const distances = known.map((candidate) => ({ candidate, distance: edits(wanted, plain(candidate)) }));
  const best = distances.reduce<(typeof distances)[number] | undefined>(
    (least, next) => (least && least.distance <= next.distance ? least : next),
    undefined,
  );
  if (best && best.distance <= tolerance) return best.candidate;
  const longer = known.filter((candidate) => isBeginning(wanted, plain(candidate)));
  if (longer.length === 1) return longer[0];
  const bones = consonants(wanted);
  return bones.length < 3 ? undefined : known.find((candidate) => consonants(plain(candidate)) === bones);
}

function isBeginning(a: string, b: string): boolean {
  return Math.min(a.length, b.length) >= 3 && (a.startsWith(b) || b.startsWith(a));
}

/** Each run of equal ones once. */
function consonants(word: string): string {
  return word.replace(/[aeiou]/g, "").replace(/(.)\1+/g, "$1");
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, "");
}

/** Levenshtein distance, one row at a time. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let line = 1; line <= a.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (a[line - 1] === b[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
