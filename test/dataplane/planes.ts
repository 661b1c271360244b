// The planes that end data connections in this process: the same suites run over each.
import type { DataPlane } from "../../src/dataplane/pinhole.ts";
import { createRelayPlane } from "../../src/dataplane/relay/relay.ts";
import { loadSplicePlane } from "../../src/dataplane/splice/splice.ts";
import type { Loop } from "../../src/sockets/loop/loop.ts";
import { loopSockets } from "../sockets/tested-sockets.ts";

/** `ground`: what its connections stand on. */
type TestedPlane = DataPlane & { readonly ground: "node" | "loop" };

/** Why the splice plane can't be tested here. */
export const spliceMissing = whySpliceIsMissing();

export const userSpacePlanes: readonly TestedPlane[] = [
  ...on("node", undefined),
  ...(loopSockets === undefined ? [] : on("loop", loopSockets.loop)),
];

function on(ground: TestedPlane["ground"], loop: Loop | undefined): readonly TestedPlane[] {
  const splice = loadSplicePlane({ fromBytes: 0, loop });
  return [{ ...createRelayPlane({ loop }), ground }, ...(splice.ok ? [{ ...splice.plane, ground }] : [])];
}

function whySpliceIsMissing(): string | undefined {
  const splice = loadSplicePlane();
  return splice.ok ? undefined : splice.reason;
}
