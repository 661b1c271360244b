// Challenge of a peer: makes the peer of an aborted connection send a packet, so that it can be sent an RST: an RST has
// to carry the sequence number that the peer expects, which is in the peer's own packets alone. A socket that is put into
// the established state without a handshake (TCP_REPAIR) sends one empty segment out of any order, and TCP answers that with
// an acknowledgement (RFC 9293 3.10.7.4), as RFC 5961 calls it a challenge ACK.
import { type Endpoint, familyOf } from "../../net/endpoint.ts";
import { socketAddress } from "../../sockets/socket-address.ts";
import { families, int32, levels, options, socketTypes, type SystemCalls } from "../../sockets/system-calls.ts";

/** `mark` is the packet's; `local` is whom the peer takes the segment to be from. Returns 0 or the errno. */
export function challengePeer(calls: SystemCalls, mark: number, local: Endpoint, peer: Endpoint): number {
  const isIPv4 = familyOf(local.address) === 4;
  const descriptor = calls.socket(
    isIPv4 ? families.ipv4 : families.ipv6,
    socketTypes.stream | socketTypes.closeOnExec | socketTypes.nonBlocking,
    0,
  );
  if (descriptor < 0) return calls.errno();
  // On the transparent route the address is the server's or the client's; such a source is only routed for a transparent socket.
  const [level, transparent] = isIPv4 ? [levels.ipv4, options.transparent4] : [levels.ipv6, options.transparent6];
  const from = socketAddress(local);
  const to = socketAddress(peer);
  const steps = [
    () => set(levels.socket, options.mark, mark),
    () => set(level, transparent, 1),
    () => set(levels.tcp, options.tcpRepair, 1),
    () => calls.bind(descriptor, from, from.length),
    () => calls.connect(descriptor, to, to.length),
    // To end the repair is what sends the segment.
    () => set(levels.tcp, options.tcpRepair, 0),
    // A socket under repair is closed without a word.
    () => set(levels.tcp, options.tcpRepair, 1),
  ];
  const failed = steps.some((step) => step() < 0);
  const errno = failed ? calls.errno() : 0;
  calls.close(descriptor);
  return errno;

  function set(optionLevel: number, option: number, value: number) {
    return calls.setsockopt(descriptor, optionLevel, option, int32(value), 4);
  }
}
