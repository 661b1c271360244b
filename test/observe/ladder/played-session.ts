// A session that is played from a script and kept as the history keeps it: events at the margin, `+4200 ` before a line lets so many
// milliseconds pass. And the rows of its ladder as text, one each.
import { createSecrets } from "../../../src/ftp/secrets.ts";
import type { LadderRow } from "../../../src/observe/ladder/ladder-rows.ts";
import { layOut, type LadderSource, type LadderStep } from "../../../src/observe/ladder/layout.ts";
import { maskedStep } from "../../../src/observe/masked-step.ts";
import type { SessionEffect, SessionEvent } from "../../../src/session/events.ts";
import { step } from "../../../src/session/session.ts";
import { startSession } from "../../../src/session/start.ts";
import { parseEvent } from "../../../src/session/transcript-reader.ts";
import { clientOptions, clients, sessionOptions, type PlayOptions } from "../../session/play.ts";
import { client, server } from "../synthetic.ts";

const context = { local: { address: "10.0.0.1", port: 40_001 }, advertise: "10.0.0.1", rejects: [] };
const startedAt = 1000;

export const login = `
  connected 10.0.0.5:21
  S> 220 ready
  C> USER u
  S> 331 password
  C> PASS secret
  S> 230 in`;

/** A download that works, in passive mode on both sides. */
export const download = `
  C> PASV
  S> 227 Entering Passive Mode (10,0,0,5,200,10)
  opened 192.0.2.1:50010
  admitted client 192.168.1.100:1236
  C> RETR a
  joined
  S> 150 Here it comes
  closed complete 0 up 1000 down in 14 ms
  S> 226 done`;

export function playSession(script: string, options: PlayOptions = {}): LadderSource {
  const [initial, first] = startSession(sessionOptions(options, "10.0.0.5"), {
    ...clientOptions(options),
    client: clients[options.client ?? 4],
  });
  let session = initial;
  let at = startedAt;
  const steps: LadderStep[] = [];
  const secrets = createSecrets();
  const keep = (event: SessionEvent | undefined, effects: readonly SessionEffect[]): void => {
    if (event?.kind === "client-line") secrets.note(event.text);
    steps.push(maskedStep(at, event, effects, secrets.hide).step);
  };
  keep(undefined, first);
  for (const line of script.split("\n")) {
    if (line.trim() === "") continue;
    const [, wait = "0", text = ""] = /^\s*(?:\+(\d+) )?([^]*)$/.exec(line) ?? [];
    const event = parseEvent(text, context);
    if (event === undefined) throw new Error(`not an event: ${line}`);
    at += Number(wait);
    const [next, effects] = step(session, event);
    session = next;
    keep(event, effects);
  }
  return sourceOf(steps);
}

export function sourceOf(steps: readonly LadderStep[], stepsLeftOut = 0): LadderSource {
  const listener = clients[4].local;
  const record = { id: "k3f9x2a7", gateway: "public", client, listener, server, startedAt, end: undefined };
  return { record, steps, stepsLeftOut };
}

/** The rows of the ladder of a script, as text. */
export function rowsOf(script: string, options?: PlayOptions): readonly string[] {
  return layOut(playSession(script, options)).rows.map(rowText);
}

/** `C→S text`, `C→G text`, `G→S text`, with `was` behind `<`; other rows begin with their kind. */
export function rowText(row: LadderRow): string {
  switch (row.kind) {
    case "line": {
      const { towards, client: left, server: right, was } = row;
      const [heard, said] = towards === "server" ? [left, right] : [right, left];
      const [from, to] = towards === "server" ? ["C", "S"] : ["S", "C"];
      if (heard !== undefined && said !== undefined) {
        return heard === said ? `${from}→${to} ${heard}` : `${from}→G ${heard} | G→${to} ${said}`;
      }
      return heard === undefined ? `G→${to} ${said}${was === undefined ? "" : ` < ${was}`}` : `${from}→G ${heard}`;
    }
    case "connection": {
      const peer = row.side === "client" ? "C" : "S";
      return `${row.towards === "gateway" ? `${peer}┄G` : `G┄${peer}`}${row.isRefused ? " ✕" : ""} ${row.text}`;
    }
    case "pinhole":
      return `pinhole ${row.state}: ${row.text}`;
    case "data":
      return `data ${row.towards === "client" ? "S⇒C" : row.towards === "server" ? "C⇒S" : "?"}${row.isComplete ? "" : " ✕"} ${row.text} · ${row.figures}`;
    case "note":
      return `${row.tone === "plain" ? "note" : row.tone} ${row.text}`;
    case "wait":
      return `wait ${row.text}`;
    case "failure":
      return `failure ${row.hop}: ${row.cause}`;
  }
}
