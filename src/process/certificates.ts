// Certificates of a configuration: what is wrong with the files that gateways under TLS need, and what is to be warned of. Nothing of TLS is
// loaded where none is configured.
import type { Config, Problem } from "../config/config.ts";
import { authoritiesOf, pairsOf } from "../gateway/tls/tls-files.ts";

export type CertificateFindings = { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/** Each under the path of its file, once. Never rejects. */
export async function examineCertificates({ gateways }: Config): Promise<CertificateFindings> {
  const terminating = gateways.flatMap(({ tls }) => (tls?.kind === "terminate" ? [tls] : []));
  if (terminating.length === 0) return { problems: [], warnings: [] };
  const [{ loadAuthorities, loadPairs }, { wallClock }] = await Promise.all([
    import("../tls/certificate-files.ts"),
    import("../tls/certificate.ts"),
  ]);
  const pairs = new Map(terminating.flatMap(pairsOf).map((pair) => [`${pair.cert} ${pair.key}`, pair]));
  const { problems, warnings } = await loadPairs([...pairs.values()], wallClock());
  const authorities = await Promise.all([...new Set(terminating.flatMap(authoritiesOf))].map(loadAuthorities));
  return { problems: [...problems, ...authorities.flatMap((found) => ("message" in found ? [found] : []))], warnings };
}
