// nftables batch: what stands around the messages of one transaction, and what they have in common.
import { flags, headerBytes, type MessageWriter } from "./netlink-message.ts";

const batchBegin = 0x10;
const batchEnd = 0x11;
/** NFNL_SUBSYS_NFTABLES, in the upper byte of a message's type. */
export const nftablesSubsystem = 10 << 8;

/** nfgenmsg: family, version 0, resource in network order. A batch names its subsystem there. */
const batchHeader = Uint8Array.of(0, 0, 0, 10);
export const inetHeader = Uint8Array.of(1, 0, 0, 0);
export const batchMessageBytes = headerBytes + batchHeader.length;

export function writeBatchBegin(writer: MessageWriter, sequence: number): void {
  writeBatchMessage(writer, batchBegin, sequence);
}

export function writeBatchEnd(writer: MessageWriter, sequence: number): void {
  writeBatchMessage(writer, batchEnd, sequence);
}

function writeBatchMessage(writer: MessageWriter, type: number, sequence: number): void {
  writer.begin(type, flags.request, sequence);
  writer.bytes(batchHeader);
  writer.end();
}
