// Listening sockets of a process: opened once, and handed from one gateway to another without a moment in which nobody
// listens. A gateway claims an endpoint while a change is prepared; from `take` on it gets those who connect there.
import { sameEndpoint, type Endpoint } from "../../net/endpoint.ts";
import type { Entrance } from "../options.ts";
import type { OwnEndpoints } from "../own-endpoints.ts";
import type { AcceptorEvents } from "../../sockets/sockets.ts";
import { closeTransport, setReading, type Transport } from "../../sockets/transport.ts";
import { openListener, type Listener, type ListenerOptions } from "./listener.ts";

export type Claimant = {
  /** `entrance`: as it was claimed. */
  accepted(transport: Transport, entrance: Entrance): void;
  failed(cause: string): void;
};

export type ClaimOptions = Pick<ListenerOptions, "foreign" | "keepaliveMs">;

export type Claim = {
  /** Where it listens: the port is not the wanted one where that was 0. */
  readonly endpoint: Endpoint;
  readonly isInherited: boolean;
  /** Another process listens there too. */
  readonly isShared: boolean;
  /** Those who have connected and are not taken yet, and those to come, are the claimant's. */
  take(): void;
  /** The claimant is the last that has taken the socket. */
  isTaken(): boolean;
  /** The socket is closed once nobody claims it. */
  release(): void;
};

export type ListeningSockets = {
  /** Rejects with an Error that names the endpoint. Port 0 is another socket for each claimant. */
  claim(wanted: Entrance, options: ClaimOptions, claimant: Claimant): Promise<Claim>;
  /** Those that are open, to hand them on. */
  open(): readonly OpenSocket[];
};

export type OpenSocket = Pick<Listener, "wanted" | "endpoint"> & { readonly descriptor: number };

/** Those who connect while a change is prepared; it takes milliseconds. */
const maxUntaken = 1024;

type Entry = {
  readonly claims: Map<object, Claimant>;
  readonly untaken: Transport[];
  /** A socket of this process has that port already, at another address. */
  readonly isPortOurs: boolean;
  listener: Listener | undefined;
  taker: Claimant | undefined;
  /** As its taker has claimed it. */
  entrance: Entrance;
};

type OpenEntry = Entry & { readonly listener: Listener };

export function createListeningSockets(
  ownEndpoints: OwnEndpoints,
  processOptions: Pick<ListenerOptions, "sockets" | "takeInherited" | "mayShare">,
): ListeningSockets {
  const entries = new Set<OpenEntry>();

  function find(wanted: Endpoint, claimant: Claimant): OpenEntry | undefined {
    return [...entries].find(({ claims, listener }) => {
      if (wanted.port !== 0) return sameEndpoint(listener.endpoint, wanted);
      return sameEndpoint(listener.wanted, wanted) && [...claims.values()].includes(claimant);
    });
  }

  async function open(wanted: Entrance, options: ClaimOptions): Promise<OpenEntry> {
    const isPortOurs = [...entries].some(({ listener }) => listener.endpoint.port === wanted.port);
    const entry: Entry = {
      ...{ claims: new Map(), untaken: [], isPortOurs, listener: undefined, taker: undefined },
      entrance: wanted,
    };
    const { address, port } = wanted;
    const listener = await openListener({ address, port }, { ...processOptions, ...options }, eventsOf(entry));
    const opened = Object.assign(entry, { listener });
    entries.add(opened);
    ownEndpoints.add(listener.endpoint);
    return opened;
  }

  function close(entry: OpenEntry): void {
    entries.delete(entry);
    ownEndpoints.remove(entry.listener.endpoint);
    // The sessions keep the `close` waiting; what matters is that no new one is accepted.
    entry.listener.close();
    for (const transport of entry.untaken.splice(0)) closeTransport(transport);
  }

  return {
    open: () =>
      [...entries].map(({ listener: { wanted, endpoint, descriptor } }) => ({
        wanted,
        endpoint,
        descriptor: descriptor(),
      })),
    async claim(wanted, options, claimant) {
      const { foreign, keepaliveMs } = options;
      const known = find(wanted, claimant);
      if (known !== undefined) known.listener.acceptForeign(foreign);
      const entry = known ?? (await open(wanted, options));
      const key = {};
      entry.claims.set(key, claimant);
      return {
        endpoint: entry.listener.endpoint,
        isInherited: entry.listener.isInherited,
        isShared: entry.listener.isShared && !entry.isPortOurs,
        take() {
          entry.taker = claimant;
          entry.entrance = wanted;
          entry.listener.begin();
          entry.listener.setKeepalive(keepaliveMs);
          for (const transport of entry.untaken.splice(0)) {
            if (transport.isClosed) continue;
            claimant.accepted(transport, wanted);
            setReading(transport, true);
          }
        },
        isTaken: () => entry.taker === claimant,
        release() {
          if (entry.claims.delete(key) && entry.claims.size === 0) close(entry);
        },
      };
    },
  };
}

function eventsOf(entry: Entry): AcceptorEvents {
  return {
    accepted(transport) {
      const { taker, untaken } = entry;
      if (taker !== undefined) return taker.accepted(transport, entry.entrance);
      if (untaken.length >= maxUntaken) return closeTransport(transport);
      setReading(transport, false);
      untaken.push(transport);
    },
    failed: (cause) => entry.taker?.failed(cause),
  };
}
