// Servers of a gateway: how a host becomes candidates, how these are dialled, and what was learned about them. A session
// asks here and knows neither how many servers there are nor whether dialling goes round again.
import type { Endpoint } from "../../net/endpoint.ts";
import type { Mode } from "../../session/mode.ts";
import type { SessionEvent } from "../../session/events.ts";
import type { GatewayOptions, HostPort } from "../options.ts";
import { dialServer, type Attempt, type DialEvents } from "./dial-server.ts";
import type { Dial } from "../../sockets/transport.ts";
import type { NameResolver } from "./name-resolver.ts";
import type { ServerMemory } from "./server-memory.ts";

export type Resolution = Extract<SessionEvent, { readonly kind: "resolved" | "unresolved" | "unresolvable" }>;

export type Servers = {
  /** A host becomes endpoints, within the connect time. `client`: whose session it is. Reports once, after it has returned. */
  resolve(server: HostPort, client: Endpoint, report: (event: Resolution) => void): Attempt;
  /**
   * Connects to the first candidate that answers, within the connect time. `from`: another machine's address to connect
   * from, the client's own on the transparent route.
   */
  dial(candidates: readonly Endpoint[], from: string | undefined, events: DialEvents): Attempt;
  /** The modes that this server was seen to reject. */
  rejectedBy(server: Endpoint): readonly Mode[];
  learn(server: Endpoint, rejects: Mode): void;
};

export function createServers(
  { route, timeouts }: Pick<GatewayOptions, "route" | "timeouts">,
  { memory, names, dial }: { readonly memory: ServerMemory; readonly names: NameResolver; readonly dial: Dial },
): Servers {
  const { connectMs: timeoutMs, keepaliveMs } = timeouts;
  // A configured server may be restarting. What a client named or meant is that client's affair.
  const retry = route.kind === "fixed";
  return {
    resolve: ({ host, port }, { address: client }, report) =>
      names.resolve(
        host,
        { client, timeoutMs },
        {
          resolved(addresses) {
            report({ kind: "resolved", candidates: addresses.map((address) => ({ address, port })) });
          },
          failed: (detail) => report({ kind: "unresolved", detail: `${host} ${detail}` }),
          refused: () => report({ kind: "unresolvable" }),
        },
      ),
    dial: (candidates, from, events) => dialServer(candidates, { dial, timeoutMs, keepaliveMs, retry, from }, events),
    rejectedBy: (server) => memory.rejectedBy(server),
    learn: (server, rejects) => memory.learn(server, rejects),
  };
}
