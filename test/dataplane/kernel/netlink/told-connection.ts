// Conntrack events as the kernel writes them.
import { createMessageWriter, type MessageWriter } from "../../../../src/dataplane/kernel/netlink/netlink-message.ts";

/** A TCP connection from 192.168.1.100:40000 to 192.168.1.1:50000. `more` writes further attributes. */
export function told(type: number, messageFlags: number, more: (writer: MessageWriter) => void = () => {}): Buffer {
  const writer = createMessageWriter(512);
  writer.begin(type, messageFlags, 0);
  writer.bytes(Uint8Array.of(2, 0, 0, 0));
  const tuple = (attribute: number, source: number[], destination: number[], ports: [number, number], protocol = 6) =>
    writer.nest(attribute, () => {
      writer.nest(1, () => {
        writer.attribute(1, Uint8Array.from(source));
        writer.attribute(2, Uint8Array.from(destination));
      });
      writer.nest(2, () => {
        writer.u8(1, protocol);
        writer.attribute(2, Uint8Array.of(ports[0] >> 8, ports[0] & 255));
        writer.attribute(3, Uint8Array.of(ports[1] >> 8, ports[1] & 255));
      });
    });
  tuple(1, [192, 168, 1, 100], [192, 168, 1, 1], [40_000, 50_000]);
  tuple(2, [10, 0, 0, 5], [10, 0, 0, 1], [40_215, 40_000]);
  more(writer);
  writer.end();
  return writer.written();
}
