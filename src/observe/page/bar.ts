// Bar: shares of a whole.
import { html, type Html } from "./html.ts";

/** `shares`: from 0 to 1 each, the first at the left, each with a class name. The text beside it says the same. */
export function bar(...shares: readonly (readonly [name: string, share: number])[]): Html {
  let left = 0;
  return html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
    <rect class="track" width="100" height="4" />
    ${shares.map(([name, share]) => {
      // What is there at all is seen.
      const width = share === 0 ? 0 : Math.min(100 - left, Math.max(1, Math.round(share * 1000) / 10));
      const part = html`<rect class="${name}" x="${left}" width="${width}" height="4" />`;
      left += width;
      return part;
    })}
  </svg>`;
}
