// TLS files: which files a gateway that terminates TLS reads.
import type { CertificateFiles, GatewayTls } from "../options.ts";

export type Terminate = Extract<GatewayTls, { readonly kind: "terminate" }>;

/** Its own certificates with their keys: those that clients are shown, and the one that the server is. */
export function pairsOf({ client, server }: Terminate): readonly CertificateFiles[] {
  return [...client.certificates, ...(server.certificate ? [server.certificate] : [])];
}

/** Of trusted authorities, for the certificates of clients and of the server. */
export function authoritiesOf({ client, server }: Terminate): readonly string[] {
  const { clientCertificates } = client;
  return [...(clientCertificates ? [clientCertificates.ca] : []), ...(server.ca === "system" ? [] : [server.ca])];
}
