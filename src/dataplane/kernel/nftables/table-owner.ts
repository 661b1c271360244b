// Owner of a table, one living gateway: it keeps a second table beside it, empty, which the kernel holds for the netlink socket
// that made it (NFT_TABLE_F_OWNER, Linux 5.12) and takes away with that socket, however its process ends. It takes the right to
// change nftables, so no other user has or blocks it; and it is of the network namespace, as the table is.
//
// The table itself is not kept so: it would be gone with a gateway that crashed, and nft, which loads it, could not change it.
import { createMessageWriter, flags, type MessageWriter } from "../netlink/netlink-message.ts";
import { type NetlinkSocket, openNetlinkSocket, protocols } from "../netlink/netlink-socket.ts";
import { inetHeader, nftablesSubsystem, writeBatchBegin, writeBatchEnd } from "../netlink/nftables-batch.ts";
import { errnoName, errnos, type SystemCalls } from "../../../sockets/system-calls.ts";

export type TableOwner = {
  /** Gives the table up. */
  close(): void;
};

const newTable = nftablesSubsystem;
const getTable = nftablesSubsystem | 1;
const deleteTable = nftablesSubsystem | 2;
const attributes = { name: 1, flags: 2 } as const;
const ownerFlag = 2;

/** No table of a configuration has a dot in its name. */
export function ownerTable(table: string): string {
  return `${table}.owner`;
}

/**
 * Takes the table for this process, or says why not. Where the kernel is too old to keep it for one process, that is told to
 * `warn`, and nobody is kept from it.
 */
export function ownTable(
  calls: SystemCalls,
  table: string,
  warn: (text: string) => void,
): TableOwner | { readonly obstacle: string } {
  const socket = openNetlinkSocket(calls, protocols.netfilter);
  if ("errno" in socket) return { obstacle: `no netlink socket: ${errnoName(socket.errno)}` };
  const name = ownerTable(table);
  const errno = make(socket, name);
  if (errno === errnos.invalid) {
    warn(`before Linux 5.12, table inet ${table} can't be kept from a second gateway that has the same kernel.table`);
    return socket;
  }
  if (errno === 0) return socket;
  const obstacle = whyNot(socket, table, name, errno);
  socket.close();
  return { obstacle };
}

/**
 * One transaction. What is made and deleted first is a table that is there and belongs to nobody: an older nft restores a
 * saved ruleset without the flag. It is not deleted if it holds anything. 0 or the errno.
 */
function make(socket: NetlinkSocket, name: string): number {
  const writer = createMessageWriter(512);
  const first = socket.sequence(5);
  writeBatchBegin(writer, first);
  writeMessage(writer, newTable, flags.create, first + 1, name);
  writeMessage(writer, deleteTable, flags.notRecursive, first + 2, name);
  writeMessage(writer, newTable, flags.create | flags.acknowledge, first + 3, name, ownerFlag);
  writeBatchEnd(writer, first + 4);
  return socket.acknowledged(writer, first + 3);
}

function writeMessage(
  writer: MessageWriter,
  type: number,
  messageFlags: number,
  sequence: number,
  name: string,
  tableFlags?: number,
): void {
  writer.begin(type, flags.request | messageFlags, sequence);
  writer.bytes(inetHeader);
  writer.text(attributes.name, name);
  if (tableFlags !== undefined) writer.be32(attributes.flags, tableFlags);
  writer.end();
}

function whyNot(socket: NetlinkSocket, table: string, name: string, errno: number): string {
  if (errno === errnos.busy) return `table inet ${name} holds something: nft delete table inet ${name}`;
  if (errno !== errnos.eperm) return `table inet ${name} can't be made: ${errnoName(errno)}`;
  // The kernel says the same to who may change nothing at all; that one may not look either.
  const writer = createMessageWriter(512);
  const sequence = socket.sequence(1);
  writeMessage(writer, getTable, 0, sequence, name);
  const isSeen = socket.ask(writer, sequence, () => true) !== errnos.eperm;
  return isSeen
    ? `table inet ${table}: another gateway that is running owns it`
    : "the process may not change nftables (CAP_NET_ADMIN is missing)";
}
