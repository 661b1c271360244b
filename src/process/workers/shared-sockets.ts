// Shared sockets: those on which all workers accept. The supervisor binds them and holds them: clients wait in their queues while no worker
// is there, and none is refused.
import type { Config, GatewayConfig } from "../../config/config.ts";
import { isTaken } from "../../gateway/entrance/listener.ts";
import type { PreparedChange } from "../../gateway/prepared-change.ts";
import { formatEndpoint, sameEndpoint, type Endpoint } from "../../net/endpoint.ts";
import { explainListenError } from "../../net/listen-error.ts";
import { adoptBound, bindSocket, type BoundSocket } from "../../sockets/bound-socket.ts";
import { errorMessage } from "../error-message.ts";

/** `isShared`: another process listens there already. */
export type SharedSocket = BoundSocket & {
  readonly gateway: string;
  readonly isInherited: boolean;
  readonly isShared: boolean;
};

export type PreparedSockets = PreparedChange & {
  /** As it was given, with the port that was taken where that was 0. */
  readonly config: Config;
  /** Those that were not there before. */
  readonly added: readonly SharedSocket[];
};

export type SharedSockets = {
  /** All of the configuration are bound when it resolves. Rejects with an Error that names the endpoint, and nothing has changed. */
  prepare(config: Config): Promise<PreparedSockets>;
  all(): readonly SharedSocket[];
  /** Who waits in their queues is reset, unless another process has them, too. */
  close(): void;
  /** Closes those that no gateway has a use for, and returns where they are. */
  closeUnused(): readonly Endpoint[];
};

/** `inherited`: descriptors that the process was started with. Throws an Error if one of them is no TCP socket. */
export function createSharedSockets(inherited: readonly number[]): SharedSockets {
  let open = new Map<string, SharedSocket>();
  let unused = inherited.map(adopt);

  function take(wanted: Endpoint): BoundSocket | undefined {
    const found = unused.find(({ endpoint }) => sameEndpoint(endpoint, wanted));
    unused = unused.filter((one) => one !== found);
    return found;
  }

  async function bind(gateway: string, wanted: Endpoint): Promise<SharedSocket> {
    const given = take(wanted);
    if (given !== undefined) return { ...given, gateway, isInherited: true, isShared: false };
    const isShared = wanted.port !== 0 && (await isTaken(wanted));
    return { ...bindAlone(wanted), gateway, isInherited: false, isShared };
  }

  return {
    async prepare(config) {
      const next = new Map<string, SharedSocket>();
      const added: SharedSocket[] = [];
      const undo = (): void => added.forEach((socket) => socket.close());
      try {
        for (const { key, gateway, wanted } of wantedBy(config)) {
          const known = open.get(key);
          const socket = known ?? (await bind(gateway, wanted));
          if (known === undefined) added.push(socket);
          next.set(key, socket);
        }
      } catch (error) {
        undo();
        throw error;
      }
      return {
        config: withPorts(config, next),
        added,
        commit() {
          for (const [key, socket] of open) if (!next.has(key)) socket.close();
          open = next;
        },
        rollback: undo,
      };
    },
    all: () => [...open.values()],
    close() {
      for (const socket of [...open.values(), ...unused]) socket.close();
      open = new Map();
      unused = [];
    },
    closeUnused() {
      const endpoints = unused.map(({ endpoint }) => endpoint);
      for (const socket of unused) socket.close();
      unused = [];
      return endpoints;
    },
  };
}

function adopt(descriptor: number): BoundSocket {
  try {
    return adoptBound(descriptor);
  } catch (error) {
    throw new Error(`cannot use the inherited descriptor ${descriptor}: ${errorMessage(error)}`, { cause: error });
  }
}

/** Others may listen there if they say the same. */
function bindAlone(wanted: Endpoint): BoundSocket {
  try {
    return bindSocket(wanted, wanted.port !== 0);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new Error(`cannot listen on ${formatEndpoint(wanted)}: ${explainListenError(code, wanted)}`, {
      cause: error,
    });
  }
}

/** Port 0 is another socket for each place of a gateway's list. */
function keyOf({ name }: GatewayConfig, { address, port }: Endpoint, place: number): string {
  return port === 0 ? `${name} ${place} ${address}` : formatEndpoint({ address, port });
}

function wantedBy({ gateways }: Config) {
  return gateways.flatMap((gateway) =>
    gateway.listen.map(({ address, port }, place) => ({
      key: keyOf(gateway, { address, port }, place),
      gateway: gateway.name,
      wanted: { address, port },
    })),
  );
}

function withPorts(config: Config, sockets: ReadonlyMap<string, SharedSocket>): Config {
  const gateways = config.gateways.map((gateway) => ({
    ...gateway,
    listen: gateway.listen.map((entrance, place) => {
      const port = sockets.get(keyOf(gateway, entrance, place))?.endpoint.port ?? entrance.port;
      return { ...entrance, port };
    }),
  }));
  return { ...config, gateways };
}
