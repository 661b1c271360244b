// Failures: each with the connection that failed, one sentence on what happened, and what to do.
import type { SessionAnswer } from "../api/schemas.ts";
import { millisecondsBetween } from "../wall-clock.ts";
import { hopDrawing } from "./hop-drawing.ts";
import { html, type Html } from "./html.ts";
import { agoText, hopTexts, numberText, timeText } from "./words.ts";

/** Failures of one gateway at one hop and of one cause: the last session that failed so, and how many did. */
export type FailureKind = { readonly newest: SessionAnswer; readonly count: number };

export function failureList(kinds: readonly FailureKind[], now: string): Html {
  return html`<ol class="failures">
    ${kinds.map((kind) => failureEntry(kind, now))}
  </ol>`;
}

function failureEntry({ newest, count }: FailureKind, now: string): Html {
  const { id, gateway, client, user, failure, failedAt = newest.startedAt } = newest;
  if (failure === undefined) return html``;
  return html` <li class="failure" id="failure-${id}">
    <p class="where">${hopDrawing(failure.hop)}<span>${hopTexts[failure.hop]}</span></p>
    <div>
      <p class="sentence">${failure.sentence}</p>
      <p class="advice">${failure.advice}</p>
      <p class="meta">
        <time datetime="${failedAt}">${timeText(failedAt, now)}</time>
        <span>${agoText(millisecondsBetween(failedAt, now))}</span>
        <a href="/sessions/${id}">session ${id}</a>${user !== undefined && html` <span>${user}</span>`}
        <span>${client}</span> <span>${gateway}</span> <code>${failure.hop} ${failure.cause}</code>${
          count > 1 && html` <strong>${numberText(count - 1)} more like it</strong>`
        }
      </p>
    </div>
  </li>`;
}

/** Of one session, at the top of its page. */
export function failureNote({ failure, failedAt }: SessionAnswer, now: string): Html {
  if (failure === undefined) return html``;
  return html`<section class="failure alone" id="failure" aria-labelledby="failure-heading">
    <p class="where">${hopDrawing(failure.hop)}<span>${hopTexts[failure.hop]}</span></p>
    <div>
      <h2 id="failure-heading" class="sentence">${failure.sentence}</h2>
      <p class="advice">${failure.advice}</p>
      <p class="meta">
        ${failedAt !== undefined && html`<time datetime="${failedAt}">${timeText(failedAt, now)}</time> `}<code
          >${failure.hop} ${failure.cause}</code
        >
      </p>
    </div>
  </section>`;
}
