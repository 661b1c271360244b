// Security of a probe: whether it speaks TLS to a gateway, how, and whom it takes for the gateway, by what is configured and what was asked for.
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import type { GatewayConfig } from "../config/config.ts";
import type { ProbeTarget } from "../probe/probe-sockets.ts";
import type { ProbeTls } from "../probe/security.ts";
import type { Policy } from "../session/options.ts";
import type { ClientTls } from "../tls/client-context.ts";
import { fileProblem } from "./file-problem.ts";

/** `auto`: as the configuration of the gateway has it. */
export const probeTlsKinds = ["auto", "off", "explicit", "implicit"] as const;

export type ProbeTlsWanted = {
  readonly kind: (typeof probeTlsKinds)[number];
  /** Whose certificate it has to be. */
  readonly name?: string | undefined;
  /** A file of authorities, in place of the machine's. */
  readonly ca?: string | undefined;
  /** Any certificate will do. */
  readonly isUnverified?: boolean;
  /** Files of what the probe shows where it is asked. */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined;
};

type Demanding = { readonly policy: Pick<Policy, "tls"> };
type ProbedGateway = Pick<GatewayConfig, "listen" | "tls"> & Demanding & { readonly policies: readonly Demanding[] };

const implicitPort = 990;

/** Undefined: all is in clear. Rejects with an Error that names the file that can't be used. */
export async function probeTlsOf(
  gateway: ProbedGateway | undefined,
  target: ProbeTarget,
  wanted: ProbeTlsWanted,
): Promise<ProbeTls | undefined> {
  const client = gateway?.tls?.kind === "terminate" ? gateway.tls.client : undefined;
  const isByDefault = wanted.kind === "auto";
  const kind = isByDefault ? defaultKind(gateway, target.port) : wanted.kind;
  if (kind === "off") return undefined;
  const mayBeClear = isByDefault && kind === "explicit" && gateway !== undefined && mayClientsBeClear(gateway);
  const own = wanted.ca === undefined ? (client?.certificates ?? []) : [];
  return { kind, ...(mayBeClear && { mayBeClear }), peer: await peerOf(own, target, wanted) };
}

/** Which policy is the probe's, its address decides. */
function mayClientsBeClear({ tls, policy, policies }: ProbedGateway): boolean {
  const require = tls?.kind === "terminate" ? tls.client.require : "none";
  return [{ policy }, ...policies].some(({ policy: { tls: own = require } }) => own === "none" || own === "refuse");
}

/** Where nothing is configured, only the port can say. */
function defaultKind(gateway: ProbedGateway | undefined, port: number): "off" | "explicit" | "implicit" {
  if (gateway === undefined) return port === implicitPort ? "implicit" : "off";
  if (isImplicit(gateway, port)) return "implicit";
  return gateway.tls?.kind === "terminate" ? "explicit" : "off";
}

/** Whether TLS begins with the first byte there. A port that the system has given is known only where all listeners are alike. */
export function isImplicit({ listen }: Pick<GatewayConfig, "listen">, port: number): boolean {
  return (
    listen.every(({ tls }) => tls === "implicit") || listen.some((one) => one.port === port && one.tls === "implicit")
  );
}

/** `own`: the certificates of a gateway of ours: they are trusted as they are, their dates and names are looked at. */
async function peerOf(
  own: readonly { readonly cert: string }[],
  { host }: ProbeTarget,
  { name, ca, isUnverified = false, certificate }: ProbeTlsWanted,
): Promise<ClientTls> {
  const { holdsCertificate, namesIn, noCertificate } = await import("../tls/certificate.ts");
  const texts: string[] = [];
  for (const file of [...own.map(({ cert }) => cert), ...(ca === undefined ? [] : [ca])]) {
    const text = await read(file);
    if (!holdsCertificate(text)) throw new Error(`${file}: ${noCertificate}`);
    texts.push(text);
  }
  const [first] = texts;
  // As a client that was told the name would; an address that stands in no certificate tells nothing.
  const [known] = ca === undefined && first !== undefined && isIP(host) !== 0 ? namesIn(first) : [];
  const shown = certificate && { chain: await read(certificate.cert), key: await read(certificate.key) };
  return {
    verify: !isUnverified,
    ca: ca === undefined ? "system" : (first ?? ""),
    ...(own.length > 0 && { alsoTrusted: texts.join("\n") }),
    name: name ?? known?.replace(/^\*\./, "probe.") ?? host,
    ...(shown && { certificate: shown }),
    minVersion: "TLSv1.2",
  };
}

function read(file: string): Promise<string> {
  return readFile(file, "latin1").catch((error: unknown) => {
    throw new Error(`can't read ${file}: ${fileProblem(error)}`);
  });
}
