// Prepared calls: a worker's part of a reload, which all workers bring into force, or none.
import type { Config } from "../../config/config.ts";
import type { PreparedChange } from "../../gateway/prepared-change.ts";
import type { GatewayProcess } from "../gateway-process.ts";
import type { WorkerCalls } from "./protocol.ts";
import type { ReceivedSockets } from "./received-sockets.ts";

export function preparedCalls(
  { prepare }: Pick<GatewayProcess, "prepare">,
  sockets: Pick<ReceivedSockets, "closeRest">,
): Pick<WorkerCalls, "prepare" | "commit" | "rollback"> {
  let change: PreparedChange | undefined;
  const settle = (how: "commit" | "rollback"): void => {
    const settled = change;
    change = undefined;
    settled?.[how]();
    sockets.closeRest();
  };
  return {
    async prepare(config: Config) {
      change = await prepare(config);
    },
    commit: () => settle("commit"),
    rollback: () => settle("rollback"),
  };
}
