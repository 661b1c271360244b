// What both peers of a data connection read when it is closed.
import { describe, expect, test } from "vitest";
import type { CarriageEnd } from "../../../src/dataplane/userspace/carriage.ts";
import { closeLegs } from "../../../src/dataplane/userspace/leg.ts";
import { dialledPeer, listeningPeer, received } from "../loopback.ts";

async function leg() {
  const { endpoint, accepted } = await listeningPeer();
  const socket = await dialledPeer(endpoint);
  return { socket, peer: await accepted };
}

describe("closeLegs", () => {
  test.each<[CarriageEnd, client: string, server: string]>([
    ["complete", "fin", "fin"],
    ["aborted", "reset", "reset"],
    ["client-reset", "fin", "reset"],
    ["server-reset", "reset", "fin"],
  ])("%s: the client reads %s, the server %s", async (end, clientEnd, serverEnd) => {
    const [client, server] = [await leg(), await leg()];
    const ends = Promise.all([received(client.peer), received(server.peer)]);
    closeLegs(end, {
      client: { socket: client.socket, hasFin: false },
      server: { socket: server.socket, hasFin: false },
    });
    // The side that has broken reads nothing any more: its leg is closed as it is.
    expect((await ends).map((got) => got.end)).toEqual([clientEnd, serverEnd]);
    for (const { peer } of [client, server]) peer.destroy();
  });

  test("given up, a leg that has had its FIN keeps what the kernel has for a slow peer; the other is reset", async () => {
    const [client, server] = [await leg(), await leg()];
    client.socket.end(Buffer.alloc(500_000));
    await new Promise((resolve) => client.socket.once("finish", resolve));
    closeLegs("aborted", {
      client: { socket: client.socket, hasFin: true },
      server: { socket: server.socket, hasFin: false },
    });
    expect(await received(client.peer)).toMatchObject({ bytes: 500_000, end: "fin" });
    expect((await received(server.peer)).end).toBe("reset");
    client.peer.destroy();
  });

  test("broken, the other side is reset though it has had its FIN", async () => {
    const [client, server] = [await leg(), await leg()];
    client.socket.end(Buffer.alloc(500_000));
    await new Promise((resolve) => client.socket.once("finish", resolve));
    closeLegs("server-reset", {
      client: { socket: client.socket, hasFin: true },
      server: { socket: server.socket, hasFin: true },
    });
    expect((await received(client.peer)).end).toBe("reset");
    server.peer.destroy();
  });
});
