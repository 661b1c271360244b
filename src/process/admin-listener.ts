// Admin listener of a process: moved to another endpoint, opened or closed when the configuration says so.
import type { Config } from "../config/config.ts";
import type { PreparedChange } from "../gateway/prepared-change.ts";
import { formatEndpoint, sameEndpoint, type Endpoint } from "../net/endpoint.ts";
import type { Admin } from "../observe/admin.ts";
import type { Logger } from "../observe/log.ts";

export type AdminListener = {
  /** The new endpoint listens when it resolves. Rejects with an Error that names it, and nothing has changed. */
  prepare(config: Pick<Config, "admin">): Promise<PreparedChange>;
  stop(): Promise<void>;
};

type Running = { readonly wanted: Endpoint; readonly admin: Admin };

/** What a scrape that is under way at the old endpoint has left. */
const graceMs = 5000;

export function createAdminListener(create: (listen: Endpoint) => Admin, logger: Pick<Logger, "info">): AdminListener {
  let running: Running | undefined;

  function replaceBy(next: Running | undefined): void {
    void running?.admin.stop(graceMs);
    running = next;
  }

  return {
    async prepare({ admin: wanted }) {
      if (wanted === undefined) return { commit: () => replaceBy(undefined), rollback() {} };
      if (running !== undefined && sameEndpoint(running.wanted, wanted.listen)) return { commit() {}, rollback() {} };
      const admin = create(wanted.listen);
      const endpoint = await admin.start();
      return {
        commit() {
          replaceBy({ wanted: wanted.listen, admin });
          logger.info({ endpoint: formatEndpoint(endpoint) }, "admin listening");
        },
        rollback: () => void admin.stop(),
      };
    },
    async stop() {
      await running?.admin.stop();
    },
  };
}
