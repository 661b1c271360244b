import { expect, test } from "vitest";
import { createRelayPlane } from "../../../src/dataplane/relay/relay.ts";
import { describeConformance } from "../conformance/conformance.ts";
import { loopbackHarness, userSpaceTraits } from "../conformance/loopback-harness.ts";
import { listenLeg, openPinhole, passiveTransfer, payload, received, sha1 } from "../loopback.ts";

describeConformance({ plane: "relay", ...userSpaceTraits }, () => loopbackHarness(createRelayPlane()));

test("it can carry everything, and says its name", async () => {
  const plane = createRelayPlane();
  const request = { client: listenLeg(), server: listenLeg(), expiryMs: 1000, connectMs: 1000, stallMs: 1000 };
  expect(plane.unfit(request)).toBeUndefined();
  expect(await openPinhole(plane, request).event("opened")).toMatchObject({ plane: "relay" });
  await plane.stop();
});

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
