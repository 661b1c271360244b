// TLS of a gateway as its options have it, from the keys of both sides; undefined where it is refused.
import type { CertificateFiles, ClientSideTls, GatewayTls, ServerSideTls } from "../gateway/options.ts";
import type { TlsDemand } from "../session/options.ts";
import type { FileSettings } from "./schema.ts";
import { clientSideTls, serverSideTls } from "./tls-schema.ts";

type GatewaySettings = FileSettings["gateways"][number];

type EntrySettings = GatewaySettings["policies"][number];

/** What is done about TLS for clients of an entry of `policies`; undefined: as for all others. */
export function wordOf({ tls }: EntrySettings): GatewaySettings["policy"]["tls"] | undefined {
  return typeof tls === "object" ? "terminate" : tls;
}

/** For some of the clients, or for all. */
export function composeTls(gateway: GatewaySettings, shared: readonly CertificateFiles[]): GatewayTls | undefined {
  const { policy, policies, clientSide, serverSide } = gateway;
  const words = [policy.tls, ...policies.map(wordOf)];
  if (!words.includes("terminate")) return words.includes("passthrough") ? { kind: "passthrough" } : undefined;
  return {
    kind: "terminate",
    client: composeClient(clientSide.tls ?? clientSideTls.parse({}), shared),
    server: composeServer(serverSide.tls ?? serverSideTls.parse({})),
  };
}

/** What `policy` says to clients, where some of an entry are offered TLS and all others are not. */
export function demandOfAll({ policy, policies }: GatewaySettings): TlsDemand | undefined {
  const isForSome = policies.some((entry) => wordOf(entry) !== undefined);
  return policy.tls === "refuse" && isForSome ? "refuse" : undefined;
}

/** What an entry says. A user's leaves what holds for the client, unless it says something itself. */
export function demandOf({ tls, users }: EntrySettings, gateway: GatewaySettings): TlsDemand | undefined {
  if (typeof tls === "object") return tls.require;
  if (tls === undefined) return users === undefined ? demandOfAll(gateway) : undefined;
  if (tls === "terminate") return gateway.clientSide.tls?.require ?? "none";
  return tls === "refuse" ? "refuse" : "none";
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
