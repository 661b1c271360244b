// Generation of the rulesets of a network namespace: a number that every transaction on nftables raises by one, whoever's it is.
import { headerBytes, messageEnd, type MessageWriter, flags, placeAttributes, typeOf } from "./netlink-message.ts";
import { inetHeader, nftablesSubsystem } from "./nftables-batch.ts";

const newGeneration = nftablesSubsystem | 15;
const getGeneration = nftablesSubsystem | 16;
const generationId = 1;

export function writeGenerationQuestion(writer: MessageWriter, sequence: number): void {
  writer.begin(getGeneration, flags.request, sequence);
  writer.bytes(inetHeader);
  writer.end();
}

/** Undefined where the message tells of none. */
export function parseGeneration(data: DataView, at: number): number | undefined {
  if (typeOf(data, at) !== newGeneration) return undefined;
  const places = new Int32Array(generationId + 1);
  placeAttributes(data, at + headerBytes + inetHeader.length, messageEnd(data, at), places);
  const valueAt = places[generationId]!;
  return valueAt === 0 || valueAt + 4 > data.byteLength ? undefined : data.getUint32(valueAt);
}
