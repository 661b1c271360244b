// Relay plane: the one that works everywhere. Node reads and writes the bytes itself.
import type { DataPlane } from "../pinhole.ts";
import { createReadBuffers, type ReadBuffersOptions } from "./read-buffers.ts";
import { relayCarry } from "./relay-carriage.ts";
import { createUserSpacePlane } from "../userspace/user-space-plane.ts";

export type RelayOptions = { readonly buffers?: ReadBuffersOptions };

export function createRelayPlane(options: RelayOptions = {}): DataPlane {
  return createUserSpacePlane({ name: "relay", carry: relayCarry(createReadBuffers(options.buffers)) });
}
