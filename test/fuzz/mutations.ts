// Mutations of text for fuzz tests: bytes lost, doubled, replaced and added; letters in another case.
import fc from "fast-check";

const oneByte = fc.oneof(
  fc.constantFrom("\0", "\r", "\n", "\r\n", "\xff", " ", "\t", "-", "(", ")", ",", "|", "\x1b", "\x7f", "\x85"),
  fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)),
);

type Edit = {
  readonly at: number;
  readonly length: number;
  readonly what: "cut" | "double" | "replace" | "insert";
  readonly by: string;
};

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat({ max: 400 }),
  length: fc.integer({ min: 1, max: 8 }),
  what: fc.constantFrom("cut", "double", "replace", "insert"),
  by: oneByte,
});

function edited(text: string, { at, length, what, by }: Edit): string {
  const from = at % (text.length + 1);
  const part = text.slice(from, from + length);
  const rest = text.slice(from + length);
  switch (what) {
    case "cut":
      return text.slice(0, from) + rest;
    case "double":
      return text.slice(0, from) + part + part + rest;
    case "replace":
      return text.slice(0, from) + by + text.slice(from + 1);
    case "insert":
      return text.slice(0, from) + by + text.slice(from);
  }
}

export const edits: fc.Arbitrary<readonly Edit[]> = fc.array(edit, { minLength: 1, maxLength: 3 });

export function applyEdits(text: string, changes: readonly Edit[]): string {
  return changes.reduce(edited, text);
}

/** Texts of `arbitrary`, spoiled in one to three places. */
export function mutated(arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(arbitrary, edits).map(([text, changes]) => applyEdits(text, changes));
}

/** Texts of `arbitrary`, now and then in lower case or with a blank before them. */
export function spelled(arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(arbitrary, fc.constantFrom("as is", "as is", "as is", "lower", "mixed", "leading blank"))
    .map(([text, spelling]) => {
      if (spelling === "lower") return text.replace(/^[A-Z]+/, (verb) => verb.toLowerCase());
      if (spelling === "mixed") return text.replace(/^[A-Z]/, (letter) => letter.toLowerCase());
      return spelling === "leading blank" ? ` ${text}` : text;
    });
}
