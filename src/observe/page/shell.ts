// Shell: what stands around the content of every page: head, header and footer. Scripts and style come from this process alone.
import { html, type Html, type HtmlValue } from "./html.ts";

export type Shell = {
  /** Of the window. */
  readonly title: string;
  /** Which of the links in the header this is. */
  readonly place?: "overview" | "sessions";
  readonly version: string;
  /** ISO 8601. */
  readonly now: string;
  /** What may be done stands in the header. */
  readonly mayAct: boolean;
  /** Of the process. */
  readonly state?: HtmlValue;
  /** The page is brought up to date while somebody looks at it: at events of this session, or of all. */
  readonly follows?: string;
};

/** What stands in the head of each page but for scripts. */
export function head(title: string): Html {
  return html`<meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title}</title>
    <link rel="icon" href="/page/icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/page/style.css" />`;
}

export function page(shell: Shell, content: HtmlValue): Html {
  const { title, place, version, now, mayAct, state, follows } = shell;
  const link = (to: string, name: typeof place, text: string): Html =>
    html`<li><a href="${to}" ${place === name && html` aria-current="page"`}>${text}</a></li>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        ${head(title)}
        <script defer src="/page/idiomorph.js"></script>
        <script defer src="/page/live.js"></script>
      </head>
      <body>
        <a class="skip" href="#main">To the content</a>
        <header id="header">
          <a class="mark" href="/">${mark}<span>ftp-alg</span></a>
          <nav aria-label="Pages">
            <ul>
              ${link("/", "overview", "Overview")}${link("/sessions", "sessions", "Sessions")}
            </ul>
          </nav>
          ${state}
          <p id="live" role="status" hidden></p>
          ${
            mayAct &&
            html`<ul class="actions">
              <li><a class="button" data-ask href="/reload">Reload</a></li>
              <li><a class="button" data-ask href="/drain">Drain</a></li>
            </ul>`
          }
        </header>
        <main id="main" tabindex="-1" ${follows !== undefined && html` data-follows="${follows}"`}>${content}</main>
        <footer id="footer">
          <p>
            ftp-alg ${version}. Times are UTC; this page is of
            <time datetime="${now}">${now.slice(11, 19)}</time>.<noscript> <a href="">Load it again</a></noscript>
          </p>
          <ul>
            <li><a href="/metrics">Metrics</a></li>
            <li><a href="/api/status">API</a></li>
            <li><a href="/api/openapi.json">OpenAPI</a></li>
            <li><a href="/readyz">Ready?</a></li>
          </ul>
        </footer>
      </body>
    </html> `;
}

/** A connection that goes through a wall. */
const mark: Html = {
  markup: `<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" class="logo"><path d="M12 2v6m0 8v6" stroke-width="3.5"/><path d="M2 12h17m-4.5-4.5L19.5 12l-5 4.5" stroke-width="2"/></svg>`,
};

/** What is asked or said in a page of its own. */
export function notePage(shell: Shell, heading: string, content: HtmlValue): Html {
  return page(
    shell,
    html`<section class="note" id="note">
      <h1>${heading}</h1>
      ${content}
    </section>`,
  );
}

/** A section with a heading; `count` stands beside it. */
export function section(id: string, heading: string, content: HtmlValue, count?: HtmlValue): Html {
  return html`<section id="${id}" aria-labelledby="${id}-heading">
    <h2 id="${id}-heading">${heading}${count !== undefined && html` <span class="count">${count}</span>`}</h2>
    ${content}
  </section>`;
}

export const empty = (text: HtmlValue): Html => html`<p class="empty">${text}</p>`;
