// TLS of a gateway as its options have it, from the keys of both sides; undefined where it is refused.
import type { CertificateFiles, ClientSideTls, GatewayTls, ServerSideTls } from "../gateway/options.ts";
import type { FileSettings } from "./schema.ts";
import { clientSideTls, serverSideTls } from "./tls-schema.ts";

type GatewaySettings = FileSettings["gateways"][number];

export function composeTls(gateway: GatewaySettings, shared: readonly CertificateFiles[]): GatewayTls | undefined {
  const { policy, clientSide, serverSide } = gateway;
  if (policy.tls === "refuse") return undefined;
  if (policy.tls === "passthrough") return { kind: "passthrough" };
  return {
    kind: "terminate",
    client: composeClient(clientSide.tls ?? clientSideTls.parse({}), shared),
    server: composeServer(serverSide.tls ?? serverSideTls.parse({})),
  };
}

function composeClient(
  { certificates, clientCertificates, ...rest }: NonNullable<GatewaySettings["clientSide"]["tls"]>,
  shared: readonly CertificateFiles[],
): ClientSideTls {
  const own = { ...rest, certificates: certificates ?? shared };
  if (clientCertificates === undefined) return own;
  const { user, ...asked } = clientCertificates;
  return { ...own, ...(user && { user }), clientCertificates: asked };
}

/** PROT as the client's is what `match-client` means. */
function composeServer(tls: NonNullable<GatewaySettings["serverSide"]["tls"]>): ServerSideTls {
  return { ...tls, data: tls.data ?? (tls.mode === "match-client" ? "match" : "private") };
}
