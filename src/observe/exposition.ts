// Exposition: the answer to a scraper, in the format and the encoding that it asks for.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Metrics } from "./metrics.ts";

export type Exposition = {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
};

/** What a request says that it takes: its headers, or empty. */
export type Wanted = { readonly accept: string; readonly acceptEncoding: string };

/** OpenMetrics and gzip where they are named; otherwise the text format of Prometheus, as it is. */
export async function exposition(
  metrics: Pick<Metrics, "text" | "contentType" | "openMetrics">,
  { accept, acceptEncoding }: Wanted,
): Promise<Exposition> {
  const isOpen = isNamed(accept, "application/openmetrics-text");
  const { text, contentType } = isOpen
    ? await metrics.openMetrics()
    : { text: await metrics.text(), contentType: metrics.contentType };
  const headers = { "content-type": contentType, vary: "accept, accept-encoding" };
  if (!isNamed(acceptEncoding, "gzip")) return { body: text, headers };
  // In the background: no session waits for it.
  const packed = await promisify(gzip)(text, { level: 1 });
  return { body: new Uint8Array(packed), headers: { ...headers, "content-encoding": "gzip" } };
}

/** Whether a header such as `gzip;q=0.5, identity` names it, and not with the weight 0. */
function isNamed(header: string, name: string): boolean {
  return header.split(",").some((entry) => {
    const [first = "", ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
    return first === name && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
