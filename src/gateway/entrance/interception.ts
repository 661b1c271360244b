// Interception: which server the client meant, and as whom the gateway appears to either side. With `redirect` a
// client's connection ends at an address of ours and the kernel remembers where it was going (SO_ORIGINAL_DST); with
// TPROXY it ends at the server's own address, which the socket shows as its local one.
import { loadSocketCalls } from "../../sockets/socket-calls.ts";
import { originalDestinationOf, type Transport } from "../../sockets/transport.ts";
import { type Endpoint, familyOf, sameEndpoint } from "../../net/endpoint.ts";
import type { TransparentRoute } from "../options.ts";

export type Interception = {
  readonly server: Endpoint;
  /** What the gateway opens towards the client is at the server's address, as its control connection is (TPROXY). */
  readonly asServer: boolean;
  /** The server sees the client's own address. */
  readonly asClient: boolean;
  /** What this client has to be told, whatever is configured for all. */
  readonly advertise: string | undefined;
};

export type Intercept = (accepted: Transport) => Interception;

/** Throws an Error that says why this machine can't tell where intercepted connections were going. */
export function createIntercept({ advertise, clientAddress }: TransparentRoute): Intercept {
  const loaded = loadSocketCalls();
  if (!loaded.ok) throw new Error(`the transparent route needs the optional dependency koffi: ${loaded.reason}`);
  return (accepted) => {
    const { local } = accepted;
    // The kernel's record is missing where it tracks no connections; then nothing has redirected this one either.
    const server = originalDestinationOf(accepted, familyOf(local.address)) ?? local;
    const asServer = sameEndpoint(server, local);
    const told = asServer || advertise === "server" ? server.address : undefined;
    return { server, asServer, asClient: clientAddress, advertise: told };
  };
}
