// What a server sends before its transfer is announced waits for the announcement (D4.65, D4.66).
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { dialledPeer, listeningPeer, listenLeg, openPinhole, received } from "./loopback.ts";
import { userSpacePlanes } from "./planes.ts";

describe.each(userSpacePlanes)("$name", (plane) => {
  afterAll(() => plane.stop());

  async function joined() {
    const listener = await listeningPeer();
    const open = openPinhole(
      plane,
      { client: listenLeg(), server: { kind: "dial", to: listener.endpoint } },
      { isConfirmed: false },
    );
    const client = await dialledPeer(await open.endpoint("client"));
    const server = await listener.accepted;
    await open.event("joined");
    return { pinhole: open.pinhole, client, server };
  }

  test("the server's bytes reach the client after confirm, whole", async () => {
    const { pinhole, client, server } = await joined();
    const all = received(client);
    server.end(Buffer.alloc(3_000_000));
    await sleep(100);
    expect(client.bytesRead).toBe(0);
    pinhole.confirm();
    expect(await all).toMatchObject({ bytes: 3_000_000, end: "fin" });
    client.end();
  });

  test("the client's bytes are not held: a server may announce nothing and wait for them (D4.67)", async () => {
    const { client, server } = await joined();
    client.end("upload");
    expect((await received(server)).bytes).toBe("upload".length);
    server.end();
  });

  test("a transfer that nobody announces flows a second after its start", async () => {
    const { pinhole, client, server } = await joined();
    server.end("unannounced");
    pinhole.start();
    expect((await received(client)).bytes).toBe("unannounced".length);
    client.end();
  });
});
