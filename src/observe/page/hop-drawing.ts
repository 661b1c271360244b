// Hop drawing: client, gateway and server as three dots, with the connection marked at which a session failed. It says at a glance what
// the words beside it say.
import type { Hop } from "../../session/diagnosis.ts";
import { html, nothing, type Html } from "./html.ts";

const at = { client: 8, gateway: 76, server: 144 };

/** From whom to whom the connection that failed was to go. */
const marked: Readonly<Record<Exclude<Hop, "gateway">, readonly [keyof typeof at, keyof typeof at]>> = {
  "client-control": ["client", "gateway"],
  "client-data-in": ["client", "gateway"],
  "client-data-out": ["gateway", "client"],
  "server-control": ["gateway", "server"],
  "server-data-in": ["server", "gateway"],
  "server-data-out": ["gateway", "server"],
};

export function hopDrawing(hop: Hop): Html {
  const broken = hop === "gateway" ? undefined : marked[hop];
  const isLeft = broken?.includes("client") ?? false;
  const isRight = broken?.includes("server") ?? false;
  return html`<svg class="hop" viewBox="0 0 152 20" width="152" height="20" aria-hidden="true">
    <path class="${isLeft ? "broken" : "whole"}" d="M14 10H69" />
    <path class="${isRight ? "broken" : "whole"}" d="M83 10H138" />
    ${broken === undefined ? nothing : cross(broken)}
    <circle class="${isLeft ? "end" : "peer"}" cx="${at.client}" cy="10" r="5" />
    <rect class="${broken === undefined ? "failed" : "gateway"}" x="71" y="5" width="10" height="10" rx="2" />
    <circle class="${isRight ? "end" : "peer"}" cx="${at.server}" cy="10" r="5" />
  </svg>`;
}

/** The head of the arrow before whom it did not reach, and a cross on it. */
function cross([from, to]: readonly [keyof typeof at, keyof typeof at]): Html {
  const middle = (at[from] + at[to]) / 2;
  const heading = at[to] > at[from] ? 1 : -1;
  const tip = at[to] - 7 * heading;
  return html`<path class="head" d="M${tip - 5 * heading} 6L${tip} 10L${tip - 5 * heading} 14" />
    <path class="cross" d="M${middle - 4} 6l8 8m0 -8l-8 8" />`;
}
