// Changes of the table's maps: each is one transaction, over when the call returns.
import { errnos } from "../../../sockets/system-calls.ts";
import { createMessageWriter } from "./netlink-message.ts";
import type { NetlinkSocket } from "./netlink-socket.ts";
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

export type ElementChanges = {
  /**
   * 0 or the errno: EPERM, ENOENT (no such table), ENFILE (the map is full), EEXIST. What is left of `closed` is removed in
   * the same transaction.
   */
  open(elements: PinholeElements, closed?: readonly PinholeKey[]): number;
  /** What is left of these pinholes' elements is removed. */
  close(keys: readonly PinholeKey[]): void;
  /** The errno that `open` would give, apart from a full map. */
  probe(): number;
  /** How many transactions have changed something so far. */
  committed(): number;
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

export function createElementChanges(
  socket: Pick<NetlinkSocket, "sequence" | "acknowledged">,
  table: string,
): ElementChanges {
  const writer = createMessageWriter();
  const blanks = prepareBlanks(table);
  let committed = 0;

  /** Returns the sequence number of its last element. */
  function write(wanted: Change): number {
    writer.reset();
    return writeChange(writer, blanks, socket.sequence(numbersOf(wanted)), wanted);
  }

  function change(wanted: Change): number {
    const errno = socket.acknowledged(writer, write(wanted));
    if (errno === 0) committed++;
    return errno;
  }

  function close(removed: readonly PinholeKey[]) {
    if (removed.length === 0 || change({ removed }) !== errnos.enoent) return;
    // One has expired, and a transaction deletes all or nothing.
    for (const key of removed) for (const map of mapNames) change({ removed: [key], maps: [map] });
  }

  return {
    committed: () => committed,
    open(added, removed = []) {
      const errno = change({ removed, added });
      if (errno === 0 || removed.length === 0) return errno;
      close(removed);
      return change({ added });
    },
    close,
    probe() {
      const last = write({ added: nobody });
      return socket.acknowledged(writer, last, lengthWithoutEnd(writer.length()));
    },
  };
}
