// Session table: one line for each session, live or ended.
import type { SessionAnswer } from "../api/schemas.ts";
import { breakable } from "./breakable.ts";
import { html, type Html } from "./html.ts";
import { table } from "./table.ts";
import { bytesText, durationText, numberText, timeText } from "./words.ts";

export function sessionTable(label: string, sessions: readonly SessionAnswer[], now: string): Html {
  return table<SessionAnswer>(
    label,
    [
      { head: "Session", kind: "main", cell: ({ id }) => html`<a href="/sessions/${id}"><code>${id}</code></a>` },
      { head: "State", kind: "state", cell: sessionState },
      { head: "User", kind: "text", cell: ({ user, isLoggedIn }) => userText(user, isLoggedIn) },
      { head: "Gateway", kind: "text", cell: ({ gateway }) => gateway },
      { head: "Client", cell: ({ client }) => breakable(client) },
      {
        head: "Server",
        cell: ({ server, state }) =>
          server === undefined ? html`<small>${state === "live" ? "none yet" : "none"}</small>` : breakable(server),
      },
      {
        head: "Transfers",
        kind: "number",
        cell: ({ transferCount, running }) => numberText(transferCount + running.length),
      },
      { head: "Bytes", kind: "number", cell: ({ bytesUp, bytesDown }) => bytesText(bytesUp + bytesDown) },
      {
        head: "Began",
        kind: "number",
        cell: ({ startedAt }) => html`<time datetime="${startedAt}">${timeText(startedAt, now)}</time>`,
      },
      { head: "Lasts", kind: "number", cell: ({ durationMs }) => durationText(durationMs) },
    ],
    sessions,
    ({ id }) => `session-${id}`,
  );
}

export function userText(user: string | undefined, isLoggedIn: boolean): Html {
  if (user === undefined) return html`<small>not logged in</small>`;
  return isLoggedIn ? html`${user}` : html`${user} <small>not logged in</small>`;
}

/** In words and in colour. */
export function sessionState({ state, failure, end, running }: SessionAnswer): Html {
  if (failure !== undefined) return html`<span class="state bad">failed</span>`;
  if (state === "ended") return html`<span class="state">${(end?.reason ?? "ended").replaceAll("-", " ")}</span>`;
  return running.some((transfer) => transfer.state === "running")
    ? html`<span class="state busy">carries data</span>`
    : html`<span class="state good">open</span>`;
}
