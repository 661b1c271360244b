// Trace, `ftp-alg trace`: what was said in a session of a running gateway, once or as it goes on.
import { setTimeout as sleep } from "node:timers/promises";
import type { SessionDetailAnswer } from "../observe/api/schemas.ts";
import type { Io } from "../process/io.ts";
import { isAdminError, unknownSession, type AdminClient } from "./admin-client.ts";
import { createRowPrinter, grownTrace } from "./growing-trace.ts";

export type TraceFormat = "ladder" | "transcript" | "mermaid" | "svg";

export type TraceWanted = { readonly id: string; readonly format: TraceFormat; readonly follow: boolean };

/** How often a session that goes on is asked for. */
const pollMs = 250;

/** Of a ladder: where nobody knows how wide the terminal is, and less than that is not drawn. */
const defaultColumns = 110;
const leastColumns = 40;

/** Returns the exit code. Rejects with an AdminError. */
export async function printTrace(client: AdminClient, { id, format, follow }: TraceWanted, io: Io): Promise<number> {
  const path = `/api/sessions/${encodeURIComponent(id)}`;
  const width = format === "ladder" ? `&width=${Math.max(io.columns ?? defaultColumns, leastColumns)}` : "";
  const ask = async (): Promise<{
    readonly state: SessionDetailAnswer["state"];
    readonly lines: readonly string[];
  }> => {
    try {
      // What is said after the first answer stands in the second: no session is taken for ended that is not printed whole.
      const { state } = await client.json<SessionDetailAnswer>(path);
      const text = await client.text(`${path}/trace?format=${format}${width}`);
      return { state, lines: text.split("\n").filter((line) => line !== "") };
    } catch (error) {
      throw isAdminError(error) && error.status === 404 ? await unknownSession(client, id) : error;
    }
  };
  const print = createRowPrinter((text) => io.out(text));
  let { state, lines } = await ask();
  if (follow) {
    while (state === "live") {
      print(lines, false);
      await sleep(pollMs, undefined, { signal: io.stop }).catch(() => {});
      if (io.stop.aborted) break;
      const next = await ask();
      state = next.state;
      lines = grownTrace(lines, next.lines);
    }
  }
  print(lines, true);
  return 0;
}
