// Trace formats: the forms in which a session's transcript is given, a closed list.
import { z } from "zod";
import { transcriptOf, type KeptSession } from "../kept-session.ts";
import { drawLadder } from "../ladder.ts";
import { drawMermaid } from "../mermaid.ts";
import { escapeUnprintable } from "../unprintable.ts";

type TraceFormatter = { readonly contentType: string; readonly format: (transcript: readonly string[]) => string };

const text = "text/plain; charset=utf-8";

/** Nothing in them acts on a terminal. */
export const traceFormats = {
  transcript: { contentType: text, format: (transcript) => transcript.map(escapeUnprintable).join("\n") },
  ladder: { contentType: text, format: (transcript) => drawLadder(transcript) },
  mermaid: { contentType: text, format: drawMermaid },
} as const satisfies Record<string, TraceFormatter>;

export type TraceFormat = keyof typeof traceFormats;

/** What may stand behind `?`. */
export const traceQuerySchema = z.strictObject({
  format: z.enum(Object.keys(traceFormats) as TraceFormat[]).default("transcript"),
});

/** Ends with a line end. A trace of which the beginning is not kept any more says so in its first line. */
export function formatTrace(kept: Pick<KeptSession, "steps" | "stepsLeftOut">, format: TraceFormat): string {
  const { stepsLeftOut } = kept;
  const leftOut = stepsLeftOut === 0 ? [] : [`(${stepsLeftOut} earlier steps are not kept any more)`];
  return `${traceFormats[format].format([...leftOut, ...transcriptOf(kept)])}\n`;
}
