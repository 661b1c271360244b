// Event subscription: a netlink socket to which the kernel sends conntrack events.
import { eventFilter, type WantedEvents } from "./event-filter.ts";
import type { Marks } from "../marks.ts";
import { protocols } from "../netlink/netlink-socket.ts";
import { families, int32, levels, options, socketTypes, type SystemCalls } from "../../../sockets/system-calls.ts";

/** New, changed and gone connections: NF_NETLINK_CONNTRACK_NEW, _UPDATE, _DESTROY. */
const groups = 1 | 2 | 4;

/** A descriptor at which the events of our connections arrive, and no others. */
export function subscribe(
  calls: SystemCalls,
  { value, mask }: Marks,
  wanted: WantedEvents,
  bufferBytes: number,
): number | { readonly errno: number } {
  const type = socketTypes.raw | socketTypes.closeOnExec | socketTypes.nonBlocking;
  const descriptor = calls.socket(families.netlink, type, protocols.netfilter);
  if (descriptor < 0) return { errno: calls.errno() };
  const size = int32(bufferBytes);
  // The first needs CAP_NET_ADMIN; the second is held to net.core.rmem_max.
  if (calls.setsockopt(descriptor, levels.socket, options.forceReceiveBuffer, size, 4) < 0) {
    calls.setsockopt(descriptor, levels.socket, options.receiveBuffer, size, 4);
  }
  const filter = eventFilter(value, mask, wanted);
  // struct sock_fprog: the number of instructions, padding, and where they are.
  const program = Buffer.alloc(16);
  program.writeUInt16LE(filter.length / 8, 0);
  program.writeBigUInt64LE(BigInt(calls.memcpy(filter, filter, 0)), 8);
  // struct sockaddr_nl: family, padding, our number (the kernel gives one), groups.
  const address = Buffer.alloc(12);
  address.writeUInt16LE(families.netlink, 0);
  address.writeUInt32LE(groups, 8);
  const isReady =
    calls.setsockopt(descriptor, levels.socket, options.attachFilter, program, program.length) === 0 &&
    calls.bind(descriptor, address, address.length) === 0;
  if (isReady) return descriptor;
  const errno = calls.errno();
  calls.close(descriptor);
  return { errno };
}
