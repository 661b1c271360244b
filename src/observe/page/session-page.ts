// Session page: one session, live or ended: what it is, what failed, its transfers, and its ladder.
import type { SessionDetailAnswer } from "../api/schemas.ts";
import { failureNote } from "./failures.ts";
import { html, type Html, type HtmlValue } from "./html.ts";
import { pinholeTable } from "./pinhole-table.ts";
import { sessionState, userText } from "./session-table.ts";
import { empty, page, section, type Shell } from "./shell.ts";
import { transferTable } from "./transfer-table.ts";
import { bytesText, countText, durationText, numberText, timeText } from "./words.ts";

/** `ladder`: drawn. */
export function sessionPage(
  session: SessionDetailAnswer,
  ladder: Html,
  shell: Pick<Shell, "now" | "mayAct" | "version">,
): Html {
  const { id, state, transfers, transfersLeftOut, pinholes, stepsLeftOut } = session;
  const isLive = state === "live";
  const trace = `/api/sessions/${id}/trace`;
  const content = html` <div class="top">
      <p class="crumb"><a href="/sessions">Sessions</a></p>
      <h1>Session <code>${id}</code> ${sessionState(session)}</h1>
      ${isLive && shell.mayAct && html`<a class="button danger" data-ask href="/sessions/${id}/end">End session</a>`}
    </div>
    ${failureNote(session, shell.now)} ${facts(session, shell.now)}
    ${section(
      "transfers",
      "Transfers",
      html`${
        transfers.length === 0
          ? empty(isLive ? "None yet." : "None.")
          : transferTable(
              "Transfers",
              transfers.map((transfer) => ({ session: id, transfer })),
              { withSession: false, hasLadder: true },
            )
      }${transfersLeftOut > 0 && html`<p class="more">${countText(transfersLeftOut, "older one is", "older ones are")} not kept any more.</p>`}`,
      numberText(transfers.length),
    )}
    ${
      pinholes.length > 0 &&
      section(
        "pinholes",
        "Pinholes",
        pinholeTable(
          pinholes.map((pinhole) => ({ session: id, pinhole })),
          { withSession: false },
        ),
        numberText(pinholes.length),
      )
    }
    ${section(
      "ladder",
      "Ladder",
      html`${stepsLeftOut > 0 && html`<p class="more">${countText(stepsLeftOut, "earlier step is", "earlier steps are")} not kept any more.</p>`}
        ${ladder}
        <ul class="formats" aria-label="The same in other forms">
          ${format("Transcript", trace)}${format("Text ladder", `${trace}?format=ladder`)}
          ${format("Mermaid", `${trace}?format=mermaid`)}${format("SVG", `${trace}?format=svg`)}
          ${format("JSON", `/api/sessions/${id}`)}
        </ul>`,
    )}`;
  return page({ ...shell, title: `Session ${id} \u2013 ftp-alg`, ...(isLive && { follows: id }) }, content);
}

function facts(session: SessionDetailAnswer, now: string): Html {
  const { gateway, client, listener, server, user, isLoggedIn, startedAt, endedAt, durationMs, end } = session;
  const { bytesUp, bytesDown, refusals, opaque, tls } = session;
  const fact = (name: string, value: HtmlValue): Html =>
    html`<div>
      <dt>${name}</dt>
      <dd>${value}</dd>
    </div>`;
  const time = (iso: string): Html => html`<time datetime="${iso}">${timeText(iso, now)}</time>`;
  return html`<dl class="facts" id="facts">
    ${fact("Client", client)} ${fact("Gateway", html`${gateway} <small>${listener}</small>`)}
    ${fact("Server", server ?? html`<small>${end === undefined ? "none yet" : "none"}</small>`)}
    ${fact("User", userText(user, isLoggedIn))} ${fact("Began", time(startedAt))}
    ${endedAt === undefined ? fact("Lasts", durationText(durationMs)) : fact("Ended", html`${time(endedAt)} <small>after ${durationText(durationMs)}</small>`)}
    ${end && fact("End", html`${end.reason.replaceAll("-", " ")} ${end.detail !== "" && html`<small>${end.detail}</small>`}`)}
    ${fact("Bytes", html`<span class="down">↓ ${bytesText(bytesDown)}</span> <span class="up">↑ ${bytesText(bytesUp)}</span>`)}
    ${tls?.client && fact("TLS with the client", tlsText(tls.client))}
    ${tls?.server && fact("TLS with the server", tlsText(tls.server))}
    ${opaque && fact("TLS passed through", html`${opaque.isNow ? (end === undefined ? "now" : "to the end") : "until CCC"} <small>${bytesText(opaque.bytesDown)} down, ${bytesText(opaque.bytesUp)} up</small>`)}
    ${fact("Refusals", numberText(refusals))}
  </dl>`;
}

type ControlTls = NonNullable<NonNullable<SessionDetailAnswer["tls"]>["client"]>;

function tlsText({ version, cipher, resumed, peer }: ControlTls): Html {
  const known = [cipher, ...(resumed ? ["resumed"] : []), ...(peer === undefined ? [] : [peer])].join(", ");
  return html`${version.replace("v", " ")} <small>${known}</small>`;
}

/** A way to it, and what takes it to the clipboard where the browser lets a script do so. */
function format(name: string, to: string): Html {
  return html`<li>
    <a href="${to}">${name}</a>
    <button type="button" class="copy" data-copy="${to}" aria-label="Copy ${name}">Copy</button>
  </li>`;
}
