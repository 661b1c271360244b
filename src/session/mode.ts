// Modes: the four ways to announce a data connection, and which of them the gateway uses with the server. All sixteen pairs
// of client mode and server mode are possible.
import type { Family } from "../net/endpoint.ts";

export const modes = ["PORT", "EPRT", "PASV", "EPSV"] as const;
export type Mode = (typeof modes)[number];

/** `serverSide.mode` of the configuration. */
export type ServerMode = "same" | "passive" | "active" | "auto";

export function isPassive(mode: Mode): mode is "PASV" | "EPSV" {
  return mode === "PASV" || mode === "EPSV";
}

const passiveModes: Record<Family, readonly Mode[]> = { 4: ["EPSV", "PASV"], 6: ["EPSV"] };
const activeModes: Record<Family, readonly Mode[]> = { 4: ["PORT", "EPRT"], 6: ["EPRT"] };

/**
 * The modes to try with the server, in order. `same` counts here only where the two address families differ: the client
 * can't fall back by itself then (on IPv6 it has no PASV), so the gateway does (RFC 6384). What the server is known to
 * reject goes last, not away: servers are upgraded.
 */
export function serverModes(
  configured: ServerMode,
  clientMode: Mode,
  serverFamily: Family,
  rejected: readonly Mode[],
): readonly Mode[] {
  const wanted = modesOf(configured, isPassive(clientMode), passiveModes[serverFamily], activeModes[serverFamily]);
  return [...wanted.filter((mode) => !rejected.includes(mode)), ...wanted.filter((mode) => rejected.includes(mode))];
}

function modesOf(
  configured: ServerMode,
  isClientPassive: boolean,
  passive: readonly Mode[],
  active: readonly Mode[],
): readonly Mode[] {
  switch (configured) {
    case "same":
      return isClientPassive ? passive : active;
    case "passive":
      return passive;
    case "active":
      return active;
    case "auto":
      return [...passive, ...active];
  }
}
