// The planes that end data connections in this process: the same suites run over each.
import type { DataPlane } from "../../src/dataplane/pinhole.ts";
import { createRelayPlane } from "../../src/dataplane/relay/relay.ts";
import { loadSplicePlane } from "../../src/dataplane/splice/splice.ts";

const splice = loadSplicePlane({ fromBytes: 0 });

/** Why the splice plane can't be tested here. */
export const spliceMissing = splice.ok ? undefined : splice.reason;

export const userSpacePlanes: readonly DataPlane[] = [createRelayPlane(), ...(splice.ok ? [splice.plane] : [])];
