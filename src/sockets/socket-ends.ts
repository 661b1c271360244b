// Socket ends: what Node says of the two ends of a socket, and of what broke it, in words of our own.
import { type Endpoint, parseAddress } from "../net/endpoint.ts";

/** Of a socket that is gone. */
export const nowhere: Endpoint = { address: "0.0.0.0", port: 0 };

/** An end of a socket in canonical form. A socket that is already gone has none. */
export function endpointOf(address: string | undefined, port: number | undefined): Endpoint {
  return { address: parseAddress(address ?? "") ?? nowhere.address, port: port ?? 0 };
}

/** The system's word for what went wrong. */
export function failureCode(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
