// Requests to the kernel that pinholes need: each call is one netlink exchange that is over when it returns.
import type { Ffi } from "../../../sockets/ffi.ts";
import { type Connection, parseConnection, type Tuple } from "./conntrack-message.ts";
import { writeDelete, writeDump, writeGet, writeMarkBits } from "./conntrack-question.ts";
import type { Marks } from "../marks.ts";
import { createMessageWriter, messageOf } from "./netlink-message.ts";
import { type NetlinkSocket, openNetlinkSocket, protocols } from "./netlink-socket.ts";
import {
  type Change,
  lengthWithoutEnd,
  mapNames,
  numbersOf,
  type PinholeElements,
  type PinholeKey,
  prepareBlanks,
  writeChange,
} from "./pinhole-elements.ts";
import { parseRoute, type RouteKind, writeRouteQuestion } from "./route-message.ts";
import { bindSystemCalls, errnos, type SystemCalls } from "../../../sockets/system-calls.ts";

export type Netfilter = {
  readonly calls: SystemCalls;
  /**
   * 0 or the errno: EPERM, ENOENT (no such table), ENFILE (the map is full), EEXIST. What is left of `closed` is removed in
   * the same transaction.
   */
  open(elements: PinholeElements, closed?: readonly PinholeKey[]): number;
  /** What is left of these pinholes' elements is removed. */
  close(keys: readonly PinholeKey[]): void;
  /** The errno that `open` would give, apart from a full map. */
  probe(): number;
  find(original: Tuple): Connection | undefined;
  /** Every connection that bears our mark, or the errno. */
  list(): Connection[] | number;
  /** Every further packet of it is answered with an RST. 0 or the errno. */
  markAborted(original: Tuple): number;
  forget(original: Tuple): void;
  route(address: string): RouteKind;
  stop(): void;
};

/** An endpoint of the documentation's network: nobody comes from there. */
const nobody: PinholeElements = {
  peer: "192.0.2.1",
  local: { address: "192.0.2.2", port: 1 },
  mark: 0,
  to: { address: "192.0.2.3", port: 1 },
  from: "192.0.2.2",
  timeoutMs: 1000,
};

/** A sentence where the sockets can't be opened. */
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
  const blanks = prepareBlanks(table);

  function change(wanted: Change): number {
    writer.reset();
    const last = writeChange(writer, blanks, netfilter.sequence(numbersOf(wanted)), wanted);
    return netfilter.acknowledged(writer, last);
  }

  function close(removed: readonly PinholeKey[]) {
    if (removed.length === 0 || change({ removed }) !== errnos.enoent) return;
    // One has expired, and a transaction deletes all or nothing.
    for (const key of removed) for (const map of mapNames) change({ removed: [key], maps: [map] });
  }

  /** Begins a message of its own. Returns its sequence number. */
  function next(socket: NetlinkSocket): number {
    writer.reset();
    return socket.sequence(1);
  }

  return {
    calls,
    open(added, removed = []) {
      const errno = change({ removed, added });
      if (errno === 0 || removed.length === 0) return errno;
      close(removed);
      return change({ added });
    },
    close,
    probe() {
      writer.reset();
      const added = { added: nobody };
      const last = writeChange(writer, blanks, netfilter.sequence(numbersOf(added)), added);
      return netfilter.acknowledged(writer, last, lengthWithoutEnd(writer.length()));
    },
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
