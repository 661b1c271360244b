// The kernel plane keeps the contract of every data plane, in a lab of three network namespaces.
import { afterAll, beforeAll, describe, test } from "vitest";
import { describeConformance } from "../dataplane/conformance/conformance.ts";
import { obstacleTo, requireNone } from "./availability.ts";
import { kernelHarness, kernelTraits } from "./kernel/kernel-harness.ts";
import { createKernelLab, type KernelLab } from "./kernel/kernel-lab.ts";

const obstacle = await obstacleTo("nft", "conntrack");

if (obstacle !== undefined) test("the kernel plane as every data plane", (context) => requireNone(obstacle, context));
else {
  describe("the kernel plane", () => {
    let lab: KernelLab;
    beforeAll(async () => {
      lab = await createKernelLab();
    }, 60_000);
    afterAll(() => lab.remove(), 30_000);

    describeConformance(kernelTraits, () => kernelHarness(lab, "IPv4"));
  });
}
