// Session list page: the sessions that are kept, narrowed as somebody asks, in pages.
import type { SessionAnswer } from "../api/schemas.ts";
import { html, type Html } from "./html.ts";
import { sessionTable } from "./session-table.ts";
import { empty, page, type Shell } from "./shell.ts";

/** What stands behind `?`, as it was given. */
export type Wanted = Readonly<Partial<Record<"gateway" | "state" | "failed" | "client" | "user" | "before", string>>>;

export type SessionList = {
  readonly sessions: readonly SessionAnswer[];
  /** There are more: from this id on. */
  readonly next?: string | undefined;
  /** What was wrong with the question. */
  readonly problem?: string | undefined;
  /** Names of all. */
  readonly gateways: readonly string[];
};

export function sessionListPage(
  { sessions, next, problem, gateways }: SessionList,
  wanted: Wanted,
  shell: Pick<Shell, "now" | "mayAct" | "version">,
): Html {
  const following = new URLSearchParams({ ...wanted, before: next ?? "" });
  const isFirst = wanted.before === undefined;
  const content = html` <h1>Sessions</h1>
    <form class="filter" id="filter" method="get" action="/sessions" role="search">
      ${choice(
        "state",
        "State",
        [
          ["", "all"],
          ["live", "live"],
          ["ended", "ended"],
        ],
        wanted.state,
      )}
      ${choice(
        "failed",
        "Outcome",
        [
          ["", "any"],
          ["true", "failed"],
          ["false", "not failed"],
        ],
        wanted.failed,
      )}
      ${gateways.length > 1 && choice("gateway", "Gateway", [["", "all"], ...gateways.map((name) => [name, name] as const)], wanted.gateway)}
      ${field("client", "Client", "192.0.2.0/24", wanted.client)} ${field("user", "User", "anonymous", wanted.user)}
      <button>Show</button>
    </form>
    ${problem !== undefined && html`<p class="problem" id="problem" role="alert">${problem}</p>`}
    <section id="sessions" aria-label="Sessions">
      ${
        sessions.length === 0
          ? empty(problem === undefined ? "No session that is kept is like that." : "Nothing is shown.")
          : sessionTable("Sessions", sessions, shell.now)
      }
    </section>
    <ul class="pages">
      ${!isFirst && html`<li><a href="/sessions?${new URLSearchParams(withoutBefore(wanted)).toString()}">Newest</a></li>`}${
        next !== undefined && html`<li><a rel="next" href="/sessions?${following.toString()}">Older</a></li>`
      }
    </ul>`;
  return page(
    { ...shell, title: "Sessions \u2013 ftp-alg", place: "sessions", ...(isFirst && { follows: "all" }) },
    content,
  );
}

function withoutBefore({ before: _, ...rest }: Wanted): Record<string, string> {
  return rest;
}

function choice(
  name: string,
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  chosen = "",
): Html {
  return html`<label
    >${label}
    <select name="${name}">
      ${options.map(
        ([value, text]) => html`<option value="${value}" ${value === chosen && html` selected`}>${text}</option>`,
      )}
    </select></label
  >`;
}

function field(name: string, label: string, example: string, value = ""): Html {
  return html`<label
    >${label} <input name="${name}" value="${value}" placeholder="${example}" autocomplete="off" spellcheck="false"
  /></label>`;
}
