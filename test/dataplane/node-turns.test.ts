import { expect, test } from "vitest";
import { withNodeTurns } from "../../src/dataplane/node-turns.ts";
import { createRelayPlane } from "../../src/dataplane/relay/relay.ts";
import { listenLeg } from "./loopback.ts";

test("whatever is asked of the plane, and of what it has opened, lets Node's loop turn", async () => {
  let turns = 0;
  const plane = withNodeTurns(createRelayPlane(), () => (turns += 1));
  const request = { client: listenLeg(), server: listenLeg(), expiryMs: 1000, connectMs: 1000, stallMs: 1000 };
  const words: string[] = [];
  let closed = (): void => {};
  const over = new Promise<void>((resolve) => (closed = resolve));
  const pinhole = plane.open(request, ({ kind }) => {
    words.push(kind);
    if (kind === "closed") closed();
  });
  expect(turns).toBe(1);
  pinhole.start();
  pinhole.confirm();
  pinhole.linger(1000);
  expect(pinhole.counts()).toEqual({ bytesUp: 0, bytesDown: 0 });
  expect(turns).toBe(4);
  pinhole.dismiss();
  pinhole.release();
  expect(turns).toBe(6);
  await over;
  expect(words).toEqual(["opened", "closed"]);
  await plane.stop();
});
