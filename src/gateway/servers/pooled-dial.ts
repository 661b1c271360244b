// Pooled dial: one server of a pool after the other is connected until one greets. A server that refuses in its greeting, or says nothing
// at all, is passed over like one that can't be connected: no client has heard of it yet.
import { formatEndpoint, type Endpoint } from "../../net/endpoint.ts";
import { formatProxyHeader } from "../../net/proxy-protocol.ts";
import { cancelDeadline, setDeadline, type Deadline } from "../../sockets/deadlines.ts";
import { closeTransport, listenTo, send, type Transport, type TransportEvents } from "../../sockets/transport.ts";
import type { PoolServer } from "../options.ts";
import { meantServers, type Wanted } from "../../session/pool-choice.ts";
import { userKey } from "../../session/user-pattern.ts";
import { dialServer, type Attempt, type DialEvents, type DialOptions, type Stay } from "./dial-server.ts";
import type { PoolMember } from "./pool-members.ts";
import type { PoolRules, ServerPool } from "./server-pool.ts";

export type ConnectOutcome = "connected" | "unreachable" | "refused" | "silent";

/** `change`: it is down from now on, or up again. `detail`: what it failed with, or empty. */
export type ServerCounted = (
  server: Pick<PoolServer, "name">,
  outcome: ConnectOutcome,
  news: { readonly change: "down" | "up" | undefined; readonly detail: string },
) => void;

export type PooledDialOptions = Pick<DialOptions, "dial" | "timeoutMs" | "keepaliveMs"> & {
  readonly pool: ServerPool;
  readonly rules: PoolRules;
  readonly members: readonly PoolMember[];
  /** For whom; absent: any server serves, and the session stays with the first that greets. */
  readonly wanted: Wanted | undefined;
  /** Whose session it is, and where that client has connected to. */
  readonly client: Endpoint;
  readonly reached: Endpoint;
  readonly counted: ServerCounted;
  /** Its greeting comes in clear, and is looked at. */
  readonly greets: boolean;
};

/** A server that has taken the connection has so many times the time to connect for its greeting. */
const patience = 3;
/** Of the time to connect a server has a tenth at least, however many there are: farther ones take some to answer. */
const mostShares = 10;
/** Of a greeting that refuses, in the words for operators. */
const quotedBytes = 80;

type Dialling = {
  readonly options: PooledDialOptions;
  /** Those that are meant. */
  readonly members: readonly PoolMember[];
  /** Of the hashes. */
  readonly key: string;
  readonly events: DialEvents;
  /** Of the time to connect, the part of one server. */
  readonly shareMs: number;
  readonly tried: Set<string>;
  readonly failures: string[];
  attempt: Attempt | undefined;
  /** The session is counted at the server that is being tried. */
  leave: (() => void) | undefined;
};

export function dialPool(options: PooledDialOptions, events: DialEvents): Attempt {
  const { pool, wanted, client, rules } = options;
  const members = wanted === undefined ? options.members : meantServers(options.members, wanted);
  const key = rules.balance === "user-hash" && wanted !== undefined ? userKey(wanted.user) : client.address;
  const order = pool.order(members, rules, key);
  const dialling: Dialling = {
    ...{ options, members, key, events, shareMs: options.timeoutMs / Math.min(order.length, mostShares) },
    ...{ tried: new Set(), failures: [], attempt: undefined, leave: undefined },
  };
  tryServer(dialling, order[0]);
  return {
    cancel() {
      dialling.attempt?.cancel();
      dialling.leave?.();
    },
  };
}

function tryServer(dialling: Dialling, server: PoolMember | undefined): void {
  const { options, events, shareMs, tried, failures } = dialling;
  if (server === undefined) {
    const detail = `no server of the pool ${failures.length === 0 ? "is up" : `took it: ${failures.join(", ")}`}`;
    return later(dialling, () => events.failed(detail));
  }
  tried.add(server.id);
  dialling.leave = options.pool.entered(server);
  if (server.endpoint === undefined) {
    const detail = `${server.name} has no address that may be dialled`;
    return later(dialling, () => passOver(dialling, server, "unreachable", detail));
  }
  dialling.attempt = dialServer(
    [server.endpoint],
    { ...options, timeoutMs: shareMs, retry: false },
    {
      connected: (transport) => connected(dialling, server, transport),
      failed: (detail) => passOver(dialling, server, "unreachable", detail),
    },
  );
}

/** Nothing is reported before the call has returned. */
function later(dialling: Dialling, report: () => void): void {
  const timer = setImmediate(report);
  dialling.attempt = { cancel: () => clearImmediate(timer) };
}

function connected(dialling: Dialling, server: PoolMember, transport: Transport): void {
  const { options, events } = dialling;
  const { client: source, reached: destination } = options;
  if (server.proxyProtocol !== undefined) {
    send(transport, formatProxyHeader(server.proxyProtocol, { kind: "proxied", source, destination }));
  }
  const serve = (): void => {
    if (options.wanted === undefined) chosen(dialling, server);
    events.connected(transport, stayOf(dialling, server, transport));
  };
  if (!options.greets) return serve();
  dialling.attempt = awaitGreeting(transport, options.timeoutMs * patience, {
    greeted: serve,
    refused(outcome, detail) {
      closeTransport(transport);
      passOver(dialling, server, outcome, `${formatEndpoint(transport.peer)} ${detail}`);
    },
  });
}

function chosen({ options: { counted, pool, rules } }: Dialling, server: PoolMember): void {
  counted(server, "connected", { change: pool.greeted(server, rules) ? "up" : undefined, detail: "" });
}

function stayOf(dialling: Dialling, server: PoolMember, { peer }: Transport): Stay {
  return {
    dataHeader: server.proxyProtocolData === true ? server.proxyProtocol : undefined,
    cancel() {
      dialling.attempt?.cancel();
      dialling.leave?.();
    },
    chosen: () => chosen(dialling, server),
    passOver: (why, detail) => passOver(dialling, server, why, `${formatEndpoint(peer)} ${detail}`),
  };
}

/** Who is next is asked anew: others may have fallen meanwhile. */
function passOver(dialling: Dialling, server: PoolMember, outcome: ConnectOutcome, detail: string): void {
  const { options, members, key, tried, failures } = dialling;
  const { pool, rules } = options;
  dialling.leave?.();
  options.counted(server, outcome, { change: pool.failed(server, rules) ? "down" : undefined, detail });
  failures.push(detail);
  const untried = members.filter(({ id }) => !tried.has(id));
  const [next] = pool.order(untried, rules, key);
  tryServer(dialling, next);
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
    // Some say a Telnet command first. 120: another reply follows.
    const isTelnet = memory[from] === telnetCommand;
    const begun = latin1(memory, from, Math.min(one.transport.to, from + 3));
    const isReady = isTelnet || ["220", "120"].includes(begun);
    if (!isReady && ["220", "120"].some((code) => code.startsWith(begun))) return;
    if (!isReady) return refuse(one, "refused", `said ${JSON.stringify(quoted(one.transport))}`);
    settle(one);
    one.events.greeted();
  },
  ended: (one) => refuse(one, "refused", "closed the connection before its greeting"),
  failed: (one, detail) => refuse(one, "refused", `${detail} before its greeting`),
  drained() {},
  closed: (one) => refuse(one, "refused", "closed the connection before its greeting"),
};

/** IAC. */
const telnetCommand = 0xff;

function latin1(memory: Uint8Array, from: number, to: number): string {
  return Buffer.from(memory.subarray(from, to)).toString("latin1");
}

function quoted({ memory, from, to }: Transport): string {
  const text = latin1(memory, from, Math.min(to, from + quotedBytes));
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
