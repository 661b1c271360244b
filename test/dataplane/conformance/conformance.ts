// The conformance suite of data planes: what src/dataplane/pinhole.ts promises, asked of a plane from outside. Where the
// contract itself lets planes differ, their traits say so.
import { describe } from "vitest";
import { describeAdmission } from "./admission.ts";
import { describeCarrying } from "./carrying.ts";
import type { Harness, Traits } from "./harness.ts";
import { describeOpening, describeStop } from "./opening.ts";
import { createSuite } from "./suite.ts";
import { describeWaiting } from "./waiting.ts";

/** Registers the tests. A harness is made for all of them, and another one for what stops the plane. */
export function describeConformance(traits: Traits, makeHarness: () => Promise<Harness>): void {
  describe("as every data plane", { timeout: 30_000 }, () => {
    const suite = createSuite(traits, makeHarness);
    describeOpening(suite);
    describeAdmission(suite);
    describeCarrying(suite);
    describeWaiting(suite);
  });

  describe("stop", () => describeStop(createSuite(traits, makeHarness)));
}
