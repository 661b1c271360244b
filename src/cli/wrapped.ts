// Wrapped text: lines that a terminal shows whole.

const mostColumns = 80;

/** Lines of at most `columns` columns, the first after `first`, the others as far to the right. A word that is longer stays whole. */
export function wrapped(text: string, first: string, columns = mostColumns): string[] {
  const indent = " ".repeat(first.length);
  const lines = [first];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    const isEmpty = last.length === first.length;
    if (!isEmpty && last.length + 1 + word.length > columns) lines.push(indent + word);
    else lines[lines.length - 1] = isEmpty ? last + word : `${last} ${word}`;
  }
  return lines;
}
