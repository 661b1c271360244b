import { expect, test } from "vitest";
import { createRelayPlane } from "../../../src/dataplane/relay/relay.ts";
import { describeConformance } from "../conformance/conformance.ts";
import { loopbackHarness, userSpaceTraits } from "../conformance/loopback-harness.ts";
import { passiveTransfer, payload, received, sha1 } from "../loopback.ts";
import { passUntil, sleep } from "../../virtual-time.ts";

describeConformance({ plane: "relay", ...userSpaceTraits }, () =>
  loopbackHarness(createRelayPlane(), { sleep, passUntil }),
);

test("without any large buffer it still carries bulk", async () => {
  const plane = createRelayPlane({ buffers: { largeLimit: 0 } });
  const { client, server, outcome } = await passiveTransfer(plane);
  const data = payload(5_000_000);
  server.end(data);
  expect(await received(client)).toEqual({ bytes: data.length, sha1: sha1(data), end: "fin" });
  client.end();
  expect(await outcome()).toBe("complete");
  await plane.stop();
});
