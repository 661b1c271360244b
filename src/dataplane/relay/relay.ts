// Relay plane: the one that works everywhere. Node reads and writes the bytes itself.
import type { Loop } from "../../sockets/loop/loop.ts";
import type { Stream } from "../../sockets/loop/stream.ts";
import { turning } from "../node-turns.ts";
import type { DataPlane } from "../pinhole.ts";
import type { Carry } from "../userspace/carriage.ts";
import { dataPinholes, type OpenPinhole } from "../userspace/data-pinhole.ts";
import { loopGround } from "../userspace/loop-ground.ts";
import { nodeGround } from "../userspace/node-ground.ts";
import { loopCarry } from "./loop-carriage.ts";
import { createReadBuffers, type ReadBuffersOptions } from "./read-buffers.ts";
import { relayCarry } from "./relay-carriage.ts";
import { createSecureCarrier, type SecureCarrier } from "./secure-carry.ts";
import { isProtected, unfitUnseen } from "../protected.ts";
import { createUserSpacePlane } from "../userspace/user-space-plane.ts";

export type RelayOptions = {
  /** Where data connections are on the loop. */
  readonly loop?: Loop | undefined;
  readonly buffers?: ReadBuffersOptions;
  /** Whether data connections under TLS have a thread of their own; by default where the machine can lend them. */
  readonly isThreaded?: boolean;
};

export function createRelayPlane(options: RelayOptions = {}): DataPlane {
  const { loop } = options;
  const buffers = createReadBuffers(options.buffers);
  const secure = createSecureCarrier(buffers, options.isThreaded);
  const onNode = dataPinholes("relay", nodeGround(carryOf(relayCarry(buffers), secure)));
  const open = loop === undefined ? onNode : onLoopWherePlain(loop, loopCarry(buffers), onNode);
  const plane = createUserSpacePlane({ name: "relay", open, stopped: secure.stop });
  return {
    ...plane,
    open(request, report) {
      if (isProtected(request)) secure.prepare();
      return plane.open(request, report);
    },
  };
}

function carryOf(inClear: Carry, secure: SecureCarrier): Carry {
  return (legs, events) => (legs.tls === undefined ? inClear(legs, events) : secure.carry(legs, events));
}

/** TLS and PROXY headers are read from Node's sockets. */
function onLoopWherePlain(loop: Loop, carry: Carry<Stream>, onNode: OpenPinhole): OpenPinhole {
  const onLoop = dataPinholes("relay", loopGround(loop, carry));
  return (request, report) => {
    if (unfitUnseen(request) === undefined) return onLoop(request, report);
    loop.letNodeTurn();
    return turning(onNode(request, report), loop.letNodeTurn);
  };
}
