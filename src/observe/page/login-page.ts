// Login page: where a person tells the token.
import { head } from "./shell.ts";
import { html, type Html } from "./html.ts";

/** `problem`: why what was told did not do. */
export function loginPage(problem?: string): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        ${head("ftp-alg")}
      </head>
      <body>
        <main class="note login">
          <h1>ftp-alg</h1>
          ${problem !== undefined && html`<p class="problem" role="alert">${problem}</p>`}
          <form method="post" action="/login">
            <label
              >Token <input type="password" name="token" autocomplete="current-password" required autofocus
            /></label>
            <button class="main">Enter</button>
          </form>
          <p>It stands in the file that <code>admin.token</code> names.</p>
        </main>
      </body>
    </html> `;
}

/** As that of the other pages, without a script. */
export const loginPolicy =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
