// Relay plane: the one that works everywhere. Node reads and writes the bytes itself.
import type { DataPlane } from "../pinhole.ts";
import { createReadBuffers, type ReadBuffersOptions } from "./read-buffers.ts";
import { relayCarry } from "./relay-carriage.ts";
import { createSecureCarrier } from "./secure-carry.ts";
import { isProtected } from "../protected.ts";
import { createUserSpacePlane } from "../userspace/user-space-plane.ts";

export type RelayOptions = {
  readonly buffers?: ReadBuffersOptions;
  /** Whether data connections under TLS have a thread of their own; by default where the machine can lend them. */
  readonly isThreaded?: boolean;
};

export function createRelayPlane(options: RelayOptions = {}): DataPlane {
  const buffers = createReadBuffers(options.buffers);
  const inClear = relayCarry(buffers);
  const secure = createSecureCarrier(buffers, options.isThreaded);
  const plane = createUserSpacePlane({
    name: "relay",
    carry: (legs, events) => (legs.tls === undefined ? inClear(legs, events) : secure.carry(legs, events)),
    stopped: secure.stop,
  });
  return {
    ...plane,
    open(request, report) {
      if (isProtected(request)) secure.prepare();
      return plane.open(request, report);
    },
  };
}
