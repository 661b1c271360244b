// Overview page: everything that goes on in the process, and what has failed, on one page.
import type { StatusAnswer } from "../api/schemas.ts";
import type { Newest, SessionsOverview } from "../session-reader.ts";
import { countTable } from "./count-table.ts";
import { failureList } from "./failures.ts";
import { gatewayTable } from "./gateway-table.ts";
import { html, type Html } from "./html.ts";
import { pinholeTable } from "./pinhole-table.ts";
import { sessionTable } from "./session-table.ts";
import { empty, page, section, type Shell } from "./shell.ts";
import type { TrafficPoint } from "./traffic-series.ts";
import { trafficCharts } from "./traffic-charts.ts";
import { transferTable } from "./transfer-table.ts";
import { countText, durationText, hopTexts, numberText } from "./words.ts";

export type Overview = SessionsOverview & {
  readonly status: StatusAnswer;
  readonly traffic: readonly TrafficPoint[];
  /** Monotonic milliseconds, as those of `traffic`. */
  readonly at: number;
};

export function overviewPage(overview: Overview, shell: Pick<Shell, "now" | "mayAct">): Html {
  const { status, failed, live, transfers, pinholes } = overview;
  const { version } = status;
  const content = html` <h1 class="hidden">Overview</h1>
    ${trafficCharts(overview, status)}
    ${section(
      "failures",
      "Failures",
      failed.all === 0
        ? empty("No session that is kept has failed.")
        : html`${failureList(failed.shown, shell.now)}
            <p class="more">
              The newest of each kind is shown. <a href="/sessions?failed=true">All failed sessions</a>
            </p>`,
      numberText(failed.all),
    )}
    ${section("gateways", "Gateways", gatewayTable(status.gateways), numberText(status.gateways.length))}
    ${section(
      "transfers",
      "Transfers",
      transfers.all === 0
        ? empty("No transfer is under way.")
        : html`${transferTable("Transfers", transfers.shown, { withSession: true })}${more(transfers)}`,
      numberText(transfers.all),
    )}
    ${section(
      "sessions",
      "Live sessions",
      live.all === 0
        ? empty(html`Nobody is connected. <a href="/sessions">Sessions that have ended</a> are kept.`)
        : html`${sessionTable("Live sessions", live.shown, shell.now)}${more(live, "/sessions?state=live", "live sessions")}`,
      numberText(live.all),
    )}
    ${section(
      "pinholes",
      "Pinholes",
      pinholes.all === 0
        ? empty("No pinhole is open.")
        : html`${pinholeTable(pinholes.shown, { withSession: true })}${more(pinholes)}`,
      numberText(pinholes.all),
    )}
    <div class="columns">${counts(status)}</div>`;
  return page(
    {
      ...shell,
      title: `${failed.all === 0 ? "" : `(${failed.all} failed) `}ftp-alg`,
      place: "overview",
      version,
      state: processState(status),
      follows: "all",
    },
    content,
  );
}

function processState({ state, ready, uptimeMs, lastReload }: StatusAnswer): Html {
  const word = state === "draining" ? "draining" : ready ? "running" : "not ready";
  const kind = state === "draining" ? "warn" : ready ? "good" : "bad";
  return html`<p class="process" id="process">
    <span class="state ${kind}">${word}</span> <span class="muted">for ${durationText(uptimeMs)}</span>${
      lastReload?.result === "failure" &&
      html` <span class="state bad" title="${lastReload.detail}">last reload failed</span>`
    }
  </p>`;
}

function more({ shown, all }: Newest<unknown>, to?: string, what?: string): Html | undefined {
  if (shown.length === all) return undefined;
  const count = `${numberText(shown.length)} of ${numberText(all)} are shown.`;
  return html`<p class="more">${count}${to !== undefined && html` <a href="${to}">All ${what}</a>`}</p>`;
}

/** Over all gateways, since the process started. */
function counts({ gateways }: StatusAnswer): Html {
  const failures = new Map<string, { words: string; note: string; count: number }>();
  const refusals = new Map<string, { words: string; count: number }>();
  for (const { totals } of gateways) {
    for (const { hop, cause, count } of totals.failures) {
      const words = `${hop} ${cause}`;
      failures.set(words, { words, note: hopTexts[hop], count: (failures.get(words)?.count ?? 0) + count });
    }
    for (const [words, count] of Object.entries(totals.refusals)) {
      refusals.set(words, { words, count: (refusals.get(words)?.count ?? 0) + count });
    }
  }
  const total = (of: ReadonlyMap<string, { count: number }>): number =>
    [...of.values()].reduce((sum, { count }) => sum + count, 0);
  return html`${section(
    "failures-by-hop",
    "Failures by hop and cause",
    failures.size === 0
      ? empty("None since the process started.")
      : countTable("Failures by hop and cause", "Hop and cause", [...failures.values()], "failed"),
    countText(total(failures), "since the start", "since the start"),
  )}
  ${section(
    "refusals",
    "Refusals by reason",
    refusals.size === 0
      ? empty("Nothing has been refused since the process started.")
      : countTable("Refusals by reason", "Reason", [...refusals.values()], "refused"),
    countText(total(refusals), "since the start", "since the start"),
  )}`;
}
