// Session ladder: the drawing of a session on its page, of the whole or of one transfer; wide and, for a phone, narrow, of which the style
// sheet shows one.
import type { KeptSession } from "../kept-session.ts";
import { ofTransfer } from "../ladder/ladder-rows.ts";
import { layOut } from "../ladder/layout.ts";
import { drawSvg } from "../ladder/svg-ladder.ts";
import { html, type Html } from "./html.ts";

/** `transfer`: as it stands in the address; one that is not there is the whole session. */
export function sessionLadder(kept: KeptSession, transfer: string | undefined): Html {
  const whole = layOut(kept);
  const one = transfer === undefined ? undefined : ofTransfer(whole, Number(transfer));
  const drawn = (width: number, name: string): Html => ({
    markup: drawSvg(one ?? whole, { width, hasStyles: false, idPrefix: `${name}-` }),
  });
  const back = html`<p class="more">
    Transfer ${transfer} alone. <a href="/sessions/${kept.record.id}#ladder">All of the session</a>
  </p>`;
  return html`${one && back}
    <div class="drawing wide-only">${drawn(960, "wide")}</div>
    <div class="drawing narrow-only">${drawn(400, "narrow")}</div>`;
}
