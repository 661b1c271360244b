// Reservation of a port: other programs of this machine can't take it, and nobody listens on it, so that the kernel refuses
// connections to it. A pinhole needs it because connections to its port do not end here.
import { type Endpoint, familyOf } from "../../net/endpoint.ts";
import { portOf, socketAddress } from "../../sockets/socket-address.ts";
import { errnos, families, int32, levels, options, socketTypes, type SystemCalls } from "../../sockets/system-calls.ts";

export type PortReservation = { readonly port: number; release(): void };

/**
 * Port 0 takes any free one. `isForeign`: the address is another machine's, for which the gateway speaks. `errno`: EADDRINUSE
 * where another program has the port, EADDRNOTAVAIL where the address is not this machine's though it should be.
 */
export function reservePort(
  calls: SystemCalls,
  endpoint: Endpoint,
  isForeign = false,
): PortReservation | { readonly errno: number } {
  const isIPv4 = familyOf(endpoint.address) === 4;
  const type = socketTypes.stream | socketTypes.closeOnExec;
  const descriptor = calls.socket(isIPv4 ? families.ipv4 : families.ipv6, type, 0);
  if (descriptor < 0) return { errno: calls.errno() };
  const address = socketAddress(endpoint);
  if (calls.bind(descriptor, address, address.length) < 0 && !bindBesideTimeWait() && !bindElsewhere()) return failed();
  if (endpoint.port === 0 && calls.getsockname(descriptor, address, int32(address.length)) < 0) return failed();
  let isReleased = false;
  return {
    port: portOf(address),
    release() {
      if (!isReleased) calls.close(descriptor);
      isReleased = true;
    },
  };

  /**
   * What an earlier connection at this port has left in TIME_WAIT is no obstacle; a program that listens there is. The option
   * is for our bind alone: kept, it would let others in.
   */
  function bindBesideTimeWait() {
    if (calls.errno() !== errnos.addressInUse) return false;
    const reuse = (on: 0 | 1) => calls.setsockopt(descriptor, levels.socket, options.reuseAddress, int32(on), 4);
    reuse(1);
    if (calls.bind(descriptor, address, address.length) < 0) return false;
    reuse(0);
    return true;
  }

  /** An intercepted connection's local address is the server's, not one of this machine. */
  function bindElsewhere() {
    if (!isForeign || calls.errno() !== errnos.addressNotAvailable) return false;
    const [level, option] = isIPv4 ? [levels.ipv4, options.freeBind4] : [levels.ipv6, options.freeBind6];
    calls.setsockopt(descriptor, level, option, int32(1), 4);
    return calls.bind(descriptor, address, address.length) === 0;
  }

  function failed() {
    const errno = calls.errno();
    calls.close(descriptor);
    return { errno };
  }
}
