// Pooled dial: one server of a pool after the other is connected until one greets. A server that refuses in its greeting, or says nothing
// at all, is passed over like one that can't be connected: no client has heard of it yet.
import { formatEndpoint, type Endpoint } from "../../net/endpoint.ts";
import { formatProxyHeader } from "../../net/proxy-protocol.ts";
import { cancelDeadline, setDeadline, type Deadline } from "../../sockets/deadlines.ts";
import { closeTransport, listenTo, send, type Transport, type TransportEvents } from "../../sockets/transport.ts";
import type { PoolServer } from "../options.ts";
import { dialServer, type Attempt, type DialEvents, type DialOptions } from "./dial-server.ts";
import type { PoolOptions, ServerPool } from "./server-pool.ts";

export type ConnectOutcome = "connected" | "unreachable" | "refused" | "silent";

export type PooledDialOptions = Pick<DialOptions, "dial" | "timeoutMs" | "keepaliveMs"> & {
  readonly pool: ServerPool;
  readonly route: PoolOptions;
  /** Where a server is, of what was resolved. */
  readonly endpointsOf: (server: PoolServer) => readonly Endpoint[];
  /** Whose session it is, and where that client has connected to. */
  readonly client: Endpoint;
  readonly reached: Endpoint;
  readonly counted: (server: PoolServer, outcome: ConnectOutcome) => void;
  /** Its greeting comes in clear, and is looked at. */
  readonly greets: boolean;
};

/** A server that has taken the connection has so many times the time to connect for its greeting. */
const patience = 3;
/** Of a greeting that refuses, in the words for operators. */
const quotedBytes = 80;

export function dialPool(options: PooledDialOptions, events: DialEvents): Attempt {
  const { pool, route, client, counted, endpointsOf } = options;
  const order = pool.order(route, client.address);
  const failures: string[] = [];
  let attempt: Attempt | undefined;
  let isOver = false;
  if (order.length === 0) {
    const timer = setImmediate(() => events.failed("no server of the pool is up"));
    return { cancel: () => clearImmediate(timer) };
  }
  next(0);
  return {
    cancel() {
      isOver = true;
      attempt?.cancel();
    },
  };

  function next(index: number): void {
    const server = order[index];
    if (server === undefined) return events.failed(failures.join(", "));
    const endpoints = endpointsOf(server);
    if (endpoints.length === 0)
      return failed(index, server, "unreachable", `${server.name} has no address that may be dialled`);
    const timeoutMs = options.timeoutMs / order.length;
    attempt = dialServer(
      endpoints,
      { ...options, timeoutMs, retry: false },
      {
        connected: (transport) => greeted(index, server, transport),
        failed: (detail) => failed(index, server, "unreachable", detail),
      },
    );
  }

  function greeted(index: number, server: PoolServer, transport: Transport): void {
    const { client: source, reached: destination } = options;
    if (server.proxyProtocol !== undefined) {
      send(transport, formatProxyHeader(server.proxyProtocol, { kind: "proxied", source, destination }));
    }
    const enter = (): void => {
      counted(server, "connected");
      events.connected(transport, pool.entered(server));
    };
    if (!options.greets) return enter();
    attempt = awaitGreeting(transport, options.timeoutMs * patience, {
      greeted: enter,
      refused(outcome, detail) {
        closeTransport(transport);
        failed(index, server, outcome, `${formatEndpoint(transport.peer)} ${detail}`);
      },
    });
  }

  function failed(index: number, server: PoolServer, outcome: ConnectOutcome, detail: string): void {
    counted(server, outcome);
    pool.failed(server, route);
    failures.push(detail);
    if (!isOver) next(index + 1);
  }
}

type GreetingEvents = {
  /** Whatever it has said is unread. */
  greeted(): void;
  refused(outcome: ConnectOutcome, detail: string): void;
};

type Awaiting = {
  readonly transport: Transport;
  readonly events: GreetingEvents;
  deadline: Deadline | undefined;
  isOver: boolean;
};

function awaitGreeting(transport: Transport, timeoutMs: number, events: GreetingEvents): Attempt {
  const one: Awaiting = { transport, events, deadline: undefined, isOver: false };
  one.deadline = setDeadline(timeoutMs, () => refuse(one, "silent", `did not greet within ${timeoutMs} ms`));
  listenTo(transport, one, transportEvents);
  return {
    cancel() {
      if (one.isOver) return;
      settle(one);
      closeTransport(transport);
    },
  };
}

const transportEvents: TransportEvents<Awaiting> = {
  arrived(one) {
    const { memory, from } = one.transport;
    if (one.isOver) return;
    const first = memory[from];
    // 4yz and 5yz: nobody is served there now.
    if (first === 0x34 || first === 0x35)
      return refuse(one, "refused", `said ${JSON.stringify(quoted(one.transport))}`);
    settle(one);
    one.events.greeted();
  },
  ended: (one) => refuse(one, "refused", "closed the connection before its greeting"),
  failed: (one, detail) => refuse(one, "refused", `${detail} before its greeting`),
  drained() {},
  closed: (one) => refuse(one, "refused", "closed the connection before its greeting"),
};

function quoted({ memory, from, to }: Transport): string {
  const text = Buffer.from(memory.subarray(from, Math.min(to, from + quotedBytes))).toString("latin1");
  return text.split(/[\r\n]/, 1)[0] ?? "";
}

function refuse(one: Awaiting, outcome: ConnectOutcome, detail: string): void {
  if (one.isOver) return;
  settle(one);
  one.events.refused(outcome, detail);
}

function settle(one: Awaiting): void {
  one.isOver = true;
  cancelDeadline(one.deadline);
}
