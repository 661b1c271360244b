// Trace, `ftp-alg trace`: what was said in a session of a running gateway, once or as it goes on.
import { setTimeout as sleep } from "node:timers/promises";
import type { SessionDetailAnswer } from "../observe/api/schemas.ts";
import { drawLadder } from "../observe/ladder.ts";
import { drawMermaid } from "../observe/mermaid.ts";
import { escapeUnprintable } from "../observe/unprintable.ts";
import type { Io } from "../process/io.ts";
import { isAdminError, unknownSession, type AdminClient } from "./admin-client.ts";
import { createRowPrinter, grownTrace } from "./growing-trace.ts";
import { wrapped } from "./wrapped.ts";

export type TraceFormat = "ladder" | "transcript" | "mermaid";

export type TraceWanted = { readonly id: string; readonly format: TraceFormat; readonly follow: boolean };

/** How often a session that goes on is asked for. */
const pollMs = 250;

/** Returns the exit code. Rejects with an AdminError. */
export async function printTrace(client: AdminClient, { id, format, follow }: TraceWanted, io: Io): Promise<number> {
  const path = `/api/sessions/${encodeURIComponent(id)}`;
  const ask = async (): Promise<{ readonly session: SessionDetailAnswer; readonly lines: readonly string[] }> => {
    try {
      // What is said after the first answer stands in the second: no session is taken for ended that is not printed whole.
      const session = await client.json<SessionDetailAnswer>(path);
      const text = await client.text(`${path}/trace`);
      return { session, lines: text.split("\n").filter((line) => line !== "") };
    } catch (error) {
      throw isAdminError(error) && error.status === 404 ? await unknownSession(client, id) : error;
    }
  };
  const print = createRowPrinter((text) => io.out(text));
  let { session, lines } = await ask();
  if (follow) {
    while (session.state === "live") {
      print(draw(lines, format, io.columns), false);
      await sleep(pollMs, undefined, { signal: io.stop }).catch(() => {});
      if (io.stop.aborted) break;
      const next = await ask();
      session = next.session;
      lines = grownTrace(lines, next.lines);
    }
  }
  print(draw(lines, format, io.columns), true);
  if (format === "ladder" && session.failure !== undefined) io.out(failureText(session, io.columns));
  return 0;
}

function draw(lines: readonly string[], format: TraceFormat, columns: number | undefined): readonly string[] {
  switch (format) {
    case "ladder":
      return drawLadder(lines, columns === undefined ? {} : { width: columns }).split("\n");
    case "mermaid":
      return drawMermaid(lines).split("\n");
    case "transcript":
      return lines;
  }
}

function failureText({ failure }: SessionDetailAnswer, columns = 80): string {
  if (failure === undefined) return "";
  const rows = [
    [`${failure.hop}, ${failure.cause}: `, failure.sentence],
    ["What to do: ", failure.advice],
  ] as const;
  const text = rows.flatMap(([name, value]) => wrapped(escapeUnprintable(`${name}${value}`), "", columns));
  return `\n${text.join("\n")}\n`;
}
