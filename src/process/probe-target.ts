// Target of a probe: where it connects to, as whom, and in which forms.
import { readFile } from "node:fs/promises";
import type { GatewayConfig } from "../config/config.ts";
import { familyOf, isUnspecified, parseAddress, type Endpoint } from "../net/endpoint.ts";
import { probeQueryModes } from "../observe/api/probe-query.ts";
import type { ProbeTarget } from "../probe/probe-sockets.ts";
import { fileProblem } from "./file-problem.ts";
import { probeForms, type ProbeForm } from "../probe/report.ts";

/** What is asked for: a form by its name, `passive` and `active` for the usual one of the address family, `each` for all. */
export const probeModes = ["each", ...probeQueryModes] as const;
export type ProbeMode = (typeof probeModes)[number];

/** PASV and PORT have no way to say an IPv6 address. None: what was asked for can't be done there. */
export function formsOf(mode: ProbeMode, host: string): readonly ProbeForm[] {
  const isIPv6 = parseAddress(host) !== undefined && familyOf(host) === 6;
  const wanted = (): readonly ProbeForm[] => {
    if (mode === "each") return probeForms;
    if (mode === "passive") return [isIPv6 ? "EPSV" : "PASV"];
    if (mode === "active") return [isIPv6 ? "EPRT" : "PORT"];
    return probeForms.filter((form) => form.toLowerCase() === mode);
  };
  return wanted().filter((form) => !isIPv6 || form === "EPSV" || form === "EPRT");
}

/**
 * Where a client on this machine connects to. Where the gateway listens on every address: to the one that clients are told, if this
 * machine has it, because data connections come from the same address then; else by loopback.
 */
export function targetOf(
  { clientSide: { advertise } }: Pick<GatewayConfig, "clientSide">,
  listeners: readonly Endpoint[],
  ownAddresses: readonly string[],
): ProbeTarget | undefined {
  const [listener] = listeners.toSorted((a, b) => familyOf(a.address) - familyOf(b.address));
  if (listener === undefined) return undefined;
  const { address, port } = listener;
  if (!isUnspecified(address)) return { host: address, port };
  const isOwn = typeof advertise === "string" && ownAddresses.includes(advertise);
  if (isOwn && familyOf(advertise) === familyOf(address)) return { host: advertise, port };
  return { host: familyOf(address) === 4 ? "127.0.0.1" : "::1", port };
}

export type ProbeLogin = { readonly user: string; readonly password: string };

/** As RFC 1635 has it for anonymous users. */
const anonymousPassword = "ftp-alg-probe@";

/** Rejects with an Error that names the file and what is wrong with it, and quotes none of it. */
export async function readProbeLogin({ user, passwordFile }: GatewayConfig["probe"]): Promise<ProbeLogin> {
  if (passwordFile === undefined) return { user, password: anonymousPassword };
  const text = await readFile(passwordFile).catch((error: unknown) => {
    throw new Error(`can't read the password from ${passwordFile}: ${fileProblem(error)}`);
  });
  const password = text.toString("latin1").replace(/\r?\n$/, "");
  if (/[\r\n\0]/.test(password)) throw new Error(`the password in ${passwordFile} is more than one line`);
  return { user, password };
}
