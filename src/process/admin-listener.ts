// Admin listener of a process: moved to another endpoint, opened or closed when the configuration says so.
import type { Config } from "../config/config.ts";
import type { HandedOver } from "../gateway/entrance/listener.ts";
import type { OpenSocket } from "../gateway/entrance/listening-sockets.ts";
import type { OwnEndpoints } from "../gateway/own-endpoints.ts";
import type { PreparedChange } from "../gateway/prepared-change.ts";
import { formatEndpoint, sameEndpoint, type Endpoint } from "../net/endpoint.ts";
import type { Admin, AdminOptions } from "../observe/admin.ts";
import type { Logger } from "../observe/log.ts";
import { closeDescriptor } from "../sockets/local-conversation.ts";
import { listeningDescriptor } from "../sockets/socket-options.ts";
import { isOpenToAll, readAdminToken } from "./admin-token.ts";
import { createTokenAttempts } from "./token-attempts.ts";

export type AdminListener = {
  /** The new endpoint listens when it resolves. Rejects with an Error that names it, and nothing has changed. */
  prepare(config: Pick<Config, "admin">): Promise<PreparedChange>;
  /** Its listening socket, to hand it on. */
  open(): readonly OpenSocket[];
  /** Another process has the listening socket: what is under way is answered. */
  leave(): void;
  stop(): Promise<void>;
};

/** `endpoint`: where it listens, the wanted one but for port 0. */
type Running = { readonly wanted: Endpoint; readonly endpoint: Endpoint; readonly admin: Admin };

/** What a scrape that is under way at the old endpoint has left. */
const graceMs = 5000;

/** `ownEndpoints`: nothing that this process dials may lead to the listener. */
export function createAdminListener(
  create: (options: Pick<AdminOptions, "listen" | "hosts" | "token" | "attempts" | "descriptor">) => Admin,
  ownEndpoints: Pick<OwnEndpoints, "add" | "remove">,
  logger: Pick<Logger, "info" | "warn">,
  takeHandedOver: (wanted: Endpoint) => HandedOver | undefined = () => undefined,
): AdminListener {
  const attempts = createTokenAttempts(logger);
  let running: Running | undefined;
  /** Whom it answers, from the last configuration. */
  let hosts: readonly string[] = [];
  let token: string | undefined;

  async function close({ admin, endpoint }: Running, afterMs: number): Promise<void> {
    await admin.stop(afterMs);
    ownEndpoints.remove(endpoint);
  }

  function replaceBy(next: Running | undefined): void {
    if (running !== undefined) void close(running, graceMs);
    running = next;
  }

  return {
    async prepare({ admin: wanted }) {
      if (wanted === undefined) return { commit: () => replaceBy(undefined), rollback() {} };
      const nextToken = wanted.token && (await tokenIn(wanted.token.file, logger));
      const takeAccess = (): void => {
        hosts = wanted.hosts;
        token = nextToken;
      };
      if (running !== undefined && sameEndpoint(running.wanted, wanted.listen)) {
        return { commit: takeAccess, rollback() {} };
      }
      const handedOver = takeHandedOver(wanted.listen);
      const descriptor = handedOver?.descriptor;
      const admin = create({ listen: wanted.listen, hosts: () => hosts, token: () => token, attempts, descriptor });
      const endpoint = handedOver?.endpoint ?? (await admin.start());
      const next = { wanted: wanted.listen, endpoint, admin };
      ownEndpoints.add(endpoint);
      return {
        commit() {
          takeAccess();
          replaceBy(next);
          // Until now it was answered by the process that the socket came from.
          if (handedOver) void admin.start();
          logger.info({ endpoint: formatEndpoint(endpoint) }, "admin listening");
        },
        rollback() {
          if (descriptor !== undefined) closeDescriptor(descriptor);
          void close(next, 0);
        },
      };
    },
    open: () =>
      running === undefined
        ? []
        : [
            {
              wanted: running.wanted,
              endpoint: running.endpoint,
              descriptor: listeningDescriptor(running.admin.server),
            },
          ],
    leave: () => replaceBy(undefined),
    async stop() {
      if (running !== undefined) await close(running, 0);
    },
  };
}

async function tokenIn(file: string, logger: Pick<Logger, "warn">): Promise<string> {
  const token = await readAdminToken(file);
  if (await isOpenToAll(file)) logger.warn({ file }, "admin token open to every user");
  return token;
}
