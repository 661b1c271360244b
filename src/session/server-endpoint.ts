// Server endpoint: what a server's 227 or 229 announces, and whether it may be connected to.
import { parse229 } from "../ftp/extended.ts";
import { parse227 } from "../ftp/host-port.ts";
import type { Quirk } from "../ftp/quirks.ts";
import { dialTarget, isNamedAddress, trustedAddress } from "./announced-address.ts";
import { obstacleTo } from "./dialling.ts";
import type { DialTarget } from "./events.ts";
import { serverOf, type ControlSide, type Session } from "./state.ts";

export type ServerEndpoint =
  | { readonly ok: true; readonly endpoint: DialTarget; readonly quirks: readonly Quirk[] }
  | { readonly ok: false; readonly reason: UnusableEndpoint; readonly quirks: readonly Quirk[] };

export type UnusableEndpoint =
  | "server-endpoint-malformed"
  | "server-endpoint-low-port"
  | "server-endpoint-foreign"
  | "server-endpoint-own";

/** The endpoint to connect to, from the texts of the reply: the first that holds one counts. `quirks` are those met so far. */
export function readServerEndpoint(mode: "PASV" | "EPSV", texts: readonly string[], session: Session): ServerEndpoint {
  const server = serverOf(session);
  const { policy } = session;
  const readings = texts.map((text) => (mode === "EPSV" ? read229(text, server) : parse227(text)));
  const reading = readings.find((candidate) => candidate.ok);
  if (!reading?.ok) return { ok: false, reason: "server-endpoint-malformed", quirks: [] };
  const { quirks, endpoint } = reading;
  if (endpoint.port < policy.minDataPort) return { ok: false, reason: "server-endpoint-low-port", quirks };
  const trust = trustedAddress(policy.foreignAddress, endpoint.address, server.peer.address);
  if (!trust.ok) return { ok: false, reason: "server-endpoint-foreign", quirks };
  const trusted = dialTarget(trust.address, endpoint);
  const isNamed = isNamedAddress(policy.foreignAddress, trust.address, server.peer.address);
  const obstacle = obstacleTo(trusted, session.options.own, isNamed);
  if (obstacle === "own-listener") return { ok: false, reason: "server-endpoint-own", quirks };
  if (obstacle === "special-address") return { ok: false, reason: "server-endpoint-foreign", quirks };
  return { ok: true, endpoint: trusted, quirks: [...quirks, ...trust.quirks] };
}

/** RFC 2428: the address is that of the control connection. */
function read229(text: string, server: ControlSide): ReturnType<typeof parse227> {
  const reading = parse229(text);
  if (!reading.ok) return reading;
  return { ok: true, endpoint: { address: server.peer.address, port: reading.port }, quirks: reading.quirks };
}
