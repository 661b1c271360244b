// Listeners of one gateway: the claims that it has on the listening sockets of its process.
import type { Endpoint } from "../../net/endpoint.ts";
import type { GatewayTelemetry } from "../../observe/telemetry.ts";
import type { GatewayOptions } from "../options.ts";
import { prepareAll, type PreparedChange } from "../prepared-change.ts";
import type { ListenerOptions } from "./listener.ts";
import type { Claim, Claimant, ListeningSockets } from "./listening-sockets.ts";

export type GatewayListeners = {
  /** Listens wherever `listen` says, and no longer anywhere else. Rejects with an Error that names the endpoint. */
  prepare(options: Pick<GatewayOptions, "listen" | "route" | "timeouts">): Promise<PreparedChange>;
  endpoints(): readonly Endpoint[];
  /** Accepts no more. True if another gateway has taken one of the sockets over. */
  close(): boolean;
};

export function createGatewayListeners(
  sockets: ListeningSockets,
  telemetry: Pick<GatewayTelemetry, "listening">,
  claimant: Claimant,
): GatewayListeners {
  let claims: readonly Claim[] = [];

  function releaseAll(): void {
    for (const claim of claims) claim.release();
    claims = [];
  }

  return {
    async prepare({ listen, route, timeouts: { keepaliveMs } }) {
      const foreign = foreignConnections(route);
      const claimed: Claim[] = [];
      const parts = listen.map((wanted) => async () => {
        const claim = await sockets.claim(wanted, { foreign, keepaliveMs }, claimant);
        claimed.push(claim);
        return { commit: () => take(claim), rollback: () => claim.release() };
      });
      const change = await prepareAll(parts);
      return {
        commit() {
          change.commit();
          releaseAll();
          claims = claimed;
        },
        rollback: change.rollback,
      };
    },
    endpoints: () => claims.map(({ endpoint }) => endpoint),
    close() {
      const isTakenOver = claims.some((claim) => !claim.isTaken());
      releaseAll();
      return isTakenOver;
    },
  };

  function take(claim: Claim): void {
    if (!claim.isTaken()) telemetry.listening(claim.endpoint, claim);
    claim.take();
  }
}

function foreignConnections(route: GatewayOptions["route"]): ListenerOptions["foreign"] {
  if (route.kind !== "transparent") return undefined;
  return route.method === "tproxy" ? "must" : "try";
}
