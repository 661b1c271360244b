// Unprintable characters: what may act on a terminal, begin a new line or turn the direction of a text. Peers choose some of the
// text that operators read, so nothing of these reaches them as it is, in whatever form they read it.

/** C0, DEL, C1 (U+009B is the beginning of a command to a terminal), marks of direction and other formats, line separators. */
export const unprintable = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** Each as `\u009b`, which JSON reads back. Fit for JSON text too, in which it stands in strings alone. */
export function escapeUnprintable(text: string): string {
  return text.replace(unprintable, (character) =>
    Array.from({ length: character.length }, (_, at) => unit(character.charCodeAt(at))).join(""),
  );
}

function unit(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
