// Protected: data connections of which a leg runs TLS. They take a plane that reads their bytes.
import type { PinholeRequest } from "./pinhole.ts";

export function isProtected({ client, server }: PinholeRequest): boolean {
  return client.tls !== undefined || server.tls !== undefined;
}

/** Why a plane that sees no bytes can't carry such a one; undefined of any other. */
export function unfitForTls(request: PinholeRequest): string | undefined {
  return isProtected(request) ? "a leg runs TLS" : undefined;
}
