// Assets: the files that a page needs beside itself. They are read once and say nothing of this process.
import { readFileSync } from "node:fs";
import { stylesheet } from "./stylesheet.ts";

export type Asset = { readonly contentType: string; readonly body: string };

const javascript = "text/javascript; charset=utf-8";

/** By their names below /page/. */
export function readAssets(): Readonly<Record<string, Asset>> {
  const read = (url: string | URL): string => readFileSync(new URL(url), "utf8");
  return {
    "style.css": { contentType: "text/css; charset=utf-8", body: stylesheet },
    "live.js": { contentType: javascript, body: read(new URL("./browser/live.js", import.meta.url)) },
    "idiomorph.js": { contentType: javascript, body: read(import.meta.resolve("idiomorph/dist/idiomorph.min.js")) },
    "icon.svg": { contentType: "image/svg+xml", body: icon },
  };
}

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke-linecap="round" stroke-linejoin="round"><rect width="24" height="24" rx="6" fill="#0f766e"/><path d="M12 3.5v5m0 7v5" stroke="#fff" stroke-width="3"/><path d="M4 12h14.5m-4-4 4 4-4 4" stroke="#fff" stroke-width="2"/></svg>`;
