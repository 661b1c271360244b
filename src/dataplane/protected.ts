// Protected: data connections of which a leg runs TLS, or begins with a PROXY header. They take a plane that reads their bytes.
import type { Leg, PinholeRequest } from "./pinhole.ts";

export function isProtected({ client, server }: PinholeRequest): boolean {
  return client.tls !== undefined || server.tls !== undefined;
}

/** Why a plane that sees no bytes can't carry such a one; undefined of any other. */
export function unfitUnseen(request: PinholeRequest): string | undefined {
  if (isProtected(request)) return "a leg runs TLS";
  return hasHeader(request.client) || hasHeader(request.server) ? "a leg begins with a PROXY header" : undefined;
}

function hasHeader(leg: Leg): boolean {
  return leg.kind === "listen" ? leg.balancers !== undefined : leg.opening !== undefined;
}
