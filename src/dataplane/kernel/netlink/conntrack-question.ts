// Conntrack questions: what the kernel's connection tracking is asked and told to do, as netlink messages (linux/nfnetlink_conntrack.h).
import { addressBytes } from "../../../net/address-bytes.ts";
import { attributes, protocol, tcp, tuple, type Tuple, types } from "./conntrack-message.ts";
import { createMessageWriter, flags, type MessageWriter } from "./netlink-message.ts";

/** struct nfgenmsg */
const general = (family: number) => Uint8Array.of(family, 0, 0, 0);

/** nfgenmsg and an original tuple, in which addresses and ports are blank. */
type BlankTuple = {
  readonly bytes: Uint8Array;
  readonly sourceAt: number;
  readonly destinationAt: number;
  readonly sourcePortAt: number;
  readonly destinationPortAt: number;
};
const blank4 = blankTuple(2, 4, tuple.source4, tuple.destination4);
const blank6 = blankTuple(10, 16, tuple.source6, tuple.destination6);

function blankTuple(family: number, addressLength: number, source: number, destination: number): BlankTuple {
  const writer = createMessageWriter(256);
  const at = { sourceAt: 0, destinationAt: 0, sourcePortAt: 0, destinationPortAt: 0 };
  writer.bytes(general(family));
  writer.nest(attributes.original, () => {
    writer.nest(tuple.ip, () => {
      at.sourceAt = writer.attribute(source, new Uint8Array(addressLength));
      at.destinationAt = writer.attribute(destination, new Uint8Array(addressLength));
    });
    writer.nest(tuple.protocol, () => {
      writer.u8(protocol.number, tcp);
      at.sourcePortAt = writer.attribute(protocol.source, new Uint8Array(2));
      at.destinationPortAt = writer.attribute(protocol.destination, new Uint8Array(2));
    });
  });
  return { bytes: new Uint8Array(writer.written()), ...at };
}

/** Asks for one connection by its original tuple. The answer is one message, or an error: ENOENT. */
export function writeGet(writer: MessageWriter, sequence: number, original: Tuple): void {
  beginWithTuple(writer, types.get, flags.request, sequence, original);
  writer.end();
}

/** The kernel forgets the connection, and with it the translation. */
export function writeDelete(writer: MessageWriter, sequence: number, original: Tuple): void {
  beginWithTuple(writer, types.delete, flags.request | flags.acknowledge, sequence, original);
  writer.end();
}

/** Sets these bits in the connection's mark. */
export function writeMarkBits(writer: MessageWriter, sequence: number, original: Tuple, bits: number): void {
  beginWithTuple(writer, types.new, flags.request | flags.acknowledge, sequence, original);
  writer.be32(attributes.mark, bits);
  writer.be32(attributes.markMask, bits);
  writer.end();
}

/** Asks for every connection whose mark has this value under the mask; the kernel does the picking. */
export function writeDump(writer: MessageWriter, sequence: number, value: number, mask: number): void {
  writer.begin(types.get, flags.request | flags.dump, sequence);
  writer.bytes(general(0));
  writer.be32(attributes.mark, value);
  writer.be32(attributes.markMask, mask);
  writer.end();
}

function beginWithTuple(
  writer: MessageWriter,
  type: number,
  messageFlags: number,
  sequence: number,
  { source, destination }: Tuple,
): void {
  const { data, view } = writer;
  const sourceBytes = addressBytes(source.address);
  const blank = sourceBytes.length === 4 ? blank4 : blank6;
  writer.begin(type, messageFlags, sequence);
  const at = writer.bytes(blank.bytes);
  data.set(sourceBytes, at + blank.sourceAt);
  data.set(addressBytes(destination.address), at + blank.destinationAt);
  view.setUint16(at + blank.sourcePortAt, source.port);
  view.setUint16(at + blank.destinationPortAt, destination.port);
}
