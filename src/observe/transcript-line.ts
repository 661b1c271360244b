// Transcript line: what a line of a transcript is to who draws it. `C> text` and `S> text` are heard, indented `>C text` and `>S text`
// said by the gateway; any other line at the margin is an event, any other indented one an effect.
import { unprintable } from "./unprintable.ts";

export type TranscriptLine =
  | { readonly kind: "heard" | "said"; readonly peer: "C" | "S"; readonly text: string }
  | { readonly kind: "note"; readonly isEffect: boolean; readonly text: string };

/** Texts hold nothing unprintable. Blank lines are left out. */
export function readTranscript(transcript: readonly string[]): TranscriptLine[] {
  return transcript.filter((line) => line.trim() !== "").map(readLine);
}

function readLine(line: string): TranscriptLine {
  const heard = /^([CS])(?:\([a-z\d,-]+\))?>(?: ([^]*))?$/.exec(line);
  if (heard) return { kind: "heard", peer: heard[1] as "C" | "S", text: printable(heard[2] ?? "") };
  const said = /^\s+>([CS])(?: ([^]*))?$/.exec(line);
  if (said) return { kind: "said", peer: said[1] as "C" | "S", text: printable(said[2] ?? "") };
  return { kind: "note", isEffect: /^\s/.test(line), text: printable(line.trim()) };
}

/** Peers choose the text: control characters become visible signs, one column each, and can't act on the terminal. */
function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "·";
  });
}
