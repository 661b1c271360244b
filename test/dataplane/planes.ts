// The planes that end data connections in this process: the same suites run over each.
import type { DataPlane } from "../../src/dataplane/pinhole.ts";
import { createRelayPlane } from "../../src/dataplane/relay.ts";

export const userSpacePlanes: readonly DataPlane[] = [createRelayPlane()];
