// Trace formats: the forms in which a session's transcript is given, a closed list.
import { z } from "zod";
import { transcriptOf, type KeptSession } from "../kept-session.ts";
import { ofTransfer, type Ladder } from "../ladder/ladder-rows.ts";
import { layOut } from "../ladder/layout.ts";
import { drawMermaid } from "../ladder/mermaid.ts";
import { drawSvg } from "../ladder/svg-ladder.ts";
import { drawText } from "../ladder/text-ladder.ts";
import { escapeUnprintable } from "../unprintable.ts";

type DrawOptions = { readonly width?: number };

/** `draw`: those that are drawn from a ladder, and may show one transfer alone. */
type TraceFormatter = {
  readonly contentType: string;
  readonly draw?: (ladder: Ladder, options: DrawOptions) => string;
};

const text = "text/plain; charset=utf-8";

/** Nothing in them acts on a terminal. */
export const traceFormats = {
  transcript: { contentType: text },
  ladder: { contentType: text, draw: drawText },
  mermaid: { contentType: text, draw: drawMermaid },
  svg: { contentType: "image/svg+xml", draw: drawSvg },
} as const satisfies Record<string, TraceFormatter>;

export type TraceFormat = keyof typeof traceFormats;

/** What may stand behind `?`. */
export const traceQuerySchema = z
  .strictObject({
    format: z.enum(Object.keys(traceFormats) as TraceFormat[]).default("transcript"),
    transfer: z.coerce
      .number()
      .int()
      .min(1)
      .optional()
      .describe("The rows of this transfer alone; not of a transcript"),
    width: z.coerce.number().int().min(40).max(4000).optional().describe("Columns of a ladder, units of an SVG"),
  })
  .refine(({ format, transfer }) => format !== "transcript" || transfer === undefined, {
    path: ["transfer"],
    message: "a transcript is given as a whole; ask for another format",
  });

export type TraceQuery = z.output<typeof traceQuerySchema>;

/** Ends with a line end; undefined if there is no such transfer. A trace of which the beginning is not kept any more says so first. */
export function formatTrace(kept: KeptSession, { format, transfer, width }: TraceQuery): string | undefined {
  const { draw }: TraceFormatter = traceFormats[format];
  if (draw === undefined) return `${transcriptLines(kept).map(escapeUnprintable).join("\n")}\n`;
  const whole = layOut(kept);
  const ladder = transfer === undefined ? whole : ofTransfer(whole, transfer);
  return ladder && `${draw(ladder, width === undefined ? {} : { width })}\n`;
}

function transcriptLines(kept: KeptSession): readonly string[] {
  const { stepsLeftOut } = kept;
  return [
    ...(stepsLeftOut === 0 ? [] : [`(${stepsLeftOut} earlier steps are not kept any more)`]),
    ...transcriptOf(kept),
  ];
}
