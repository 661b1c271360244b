import { describe, expect, test } from "vitest";
import { createReadBuffers } from "../../../src/dataplane/relay/read-buffers.ts";
import { relayCarry } from "../../../src/dataplane/relay/relay-carriage.ts";
import { dataPinholes } from "../../../src/dataplane/userspace/data-pinhole.ts";
import { nodeGround } from "../../../src/dataplane/userspace/node-ground.ts";
import { createUserSpacePlane } from "../../../src/dataplane/userspace/user-space-plane.ts";
import { dialledPeer, listenLeg, openPinhole, passiveTransfer, received } from "../loopback.ts";

const open = dataPinholes("relay", nodeGround(relayCarry(createReadBuffers())));
const legs = { client: listenLeg(), server: listenLeg() };

describe("stop", () => {
  test("it releases every pinhole, and then what the plane holds", async () => {
    const lastEvents: unknown[] = [];
    const stopped = async () => void lastEvents.push(waiting.events.at(-1), carrying.events.at(-1));
    const plane = createUserSpacePlane({ name: "relay", open, stopped });
    const waiting = openPinhole(plane, legs);
    const endpoint = await waiting.endpoint("client");
    const carrying = await passiveTransfer(plane);
    await carrying.event("joined");
    await plane.stop();
    expect(lastEvents).toMatchObject([{ outcome: "released" }, { outcome: "aborted" }]);
    expect((await received(carrying.client)).end).toBe("reset");
    await expect(dialledPeer(endpoint)).rejects.toThrow("ECONNREFUSED");
  });

  test("a second call waits for the first", async () => {
    const plane = createUserSpacePlane({ name: "relay", open });
    const { event } = openPinhole(plane, legs);
    await Promise.all([plane.stop(), plane.stop()]);
    expect(await event("closed")).toMatchObject({ outcome: "released" });
  });
});

test("a plane that has become unfit refuses, and gives the reason", async () => {
  const plane = createUserSpacePlane({ name: "splice", open, unfit: () => "the worker is gone" });
  const { event } = openPinhole(plane, legs);
  expect(await event("refused")).toEqual({
    kind: "refused",
    reason: "plane-unavailable",
    detail: "the worker is gone",
  });
  await plane.stop();
});
