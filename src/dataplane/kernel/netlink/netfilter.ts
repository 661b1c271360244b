// Requests to the kernel that pinholes need: each call is one netlink exchange that is over when it returns.
import type { Family } from "../../../net/endpoint.ts";
import type { Ffi } from "../../../sockets/ffi.ts";
import { type Connection, parseConnection, type Tuple } from "./conntrack-message.ts";
import { createElementChanges, type ElementChanges } from "./element-changes.ts";
import { writeDelete, writeDump, writeGet, writeMarkBits } from "./conntrack-question.ts";
import { parseGeneration, writeGenerationQuestion } from "./generation-message.ts";
import type { Marks } from "../marks.ts";
import { createMessageWriter, messageOf } from "./netlink-message.ts";
import { type NetlinkSocket, openNetlinkSocket, protocols } from "./netlink-socket.ts";
import { parseRefused, type RefusedConnection, writeRefusedQuestion } from "./refused-connections.ts";
import { parseRoute, type RouteKind, writeRouteQuestion } from "./route-message.ts";
import { bindSystemCalls, type SystemCalls } from "../../../sockets/system-calls.ts";

export type Netfilter = ElementChanges & {
  readonly calls: SystemCalls;
  find(original: Tuple): Connection | undefined;
  /** Every connection that bears our mark, or the errno. */
  list(): Connection[] | number;
  /** Whom this machine has refused of late; nobody where the table does not note it. */
  refused(family: Family): readonly RefusedConnection[];
  /** Every further packet of it is answered with an RST. 0 or the errno. */
  markAborted(original: Tuple): number;
  forget(original: Tuple): void;
  /** Another number after every transaction on nftables but our own; undefined where the kernel does not tell. */
  changesOfOthers(): number | undefined;
  route(address: string): RouteKind;
  stop(): void;
};

/** The errno where the sockets can't be opened. */
export function createNetfilter(ffi: Ffi, table: string, marks: Marks): Netfilter | { readonly errno: number } {
  const calls = bindSystemCalls(ffi);
  const netfilter = openNetlinkSocket(calls, protocols.netfilter);
  if ("errno" in netfilter) return netfilter;
  const routing = openNetlinkSocket(calls, protocols.route);
  if ("errno" in routing) {
    netfilter.close();
    return routing;
  }
  return bindNetfilter(calls, netfilter, routing, table, marks);
}

function bindNetfilter(
  calls: SystemCalls,
  netfilter: NetlinkSocket,
  routing: NetlinkSocket,
  table: string,
  marks: Marks,
): Netfilter {
  const writer = createMessageWriter();

  /** Begins a message of its own. Returns its sequence number. */
  function next(socket: NetlinkSocket): number {
    writer.reset();
    return socket.sequence(1);
  }

  const changes = createElementChanges(netfilter, table);
  return {
    calls,
    ...changes,
    find(original) {
      const sequence = next(netfilter);
      writeGet(writer, sequence, original);
      const answer = netfilter.ask(writer, sequence, parseConnection);
      return typeof answer === "number" ? undefined : answer?.connection;
    },
    list() {
      const sequence = next(netfilter);
      writeDump(writer, sequence, marks.value, marks.mask);
      const found = netfilter.dump(writer, sequence, parseConnection);
      return typeof found === "number" ? found : found.flatMap((event) => event?.connection ?? []);
    },
    refused(family) {
      const sequence = next(netfilter);
      writeRefusedQuestion(writer, sequence, table, family);
      const found = netfilter.dump(writer, sequence, (data, at) => parseRefused(data, at, family));
      return typeof found === "number" ? [] : found.flat();
    },
    markAborted(original) {
      const sequence = next(netfilter);
      writeMarkBits(writer, sequence, original, marks.aborted);
      return netfilter.acknowledged(writer, sequence);
    },
    forget(original) {
      const sequence = next(netfilter);
      writeDelete(writer, sequence, original);
      netfilter.acknowledged(writer, sequence);
    },
    changesOfOthers() {
      const sequence = next(netfilter);
      writeGenerationQuestion(writer, sequence);
      const generation = netfilter.ask(writer, sequence, (data, at) => ({ id: parseGeneration(data, at) }));
      if (typeof generation === "number" || generation.id === undefined) return undefined;
      return (generation.id - changes.committed()) >>> 0;
    },
    route(address) {
      const sequence = next(routing);
      writeRouteQuestion(writer, sequence, address);
      const answer = routing.ask(writer, sequence, (data, at) => parseRoute(messageOf(data, at)));
      return (typeof answer === "number" ? undefined : answer) ?? "nowhere";
    },
    stop() {
      netfilter.close();
      routing.close();
    },
  };
}
