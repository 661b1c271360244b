// Breakable text: an endpoint, which a narrow column breaks in front of its port, or between the parts of its IPv6 address.
import { html, type Html } from "./html.ts";

/** An IPv4 address and a port. */
const neverBroken = 21;

export function breakable(endpoint: string): Html {
  if (endpoint.length <= neverBroken) return html`<span class="whole">${endpoint}</span>`;
  const [first = "", ...rest] = endpoint.split(/(?=:)/);
  return html`${first}${rest.map((part) => html`<wbr />${part}`)}`;
}
