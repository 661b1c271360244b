// Whose memory passes bytes on their way into TLS.
import { connect as dialTls } from "node:tls";
import { expect, test } from "vitest";
import { createReadBuffers, type ReadBuffers } from "../../../src/dataplane/relay/read-buffers.ts";
import { createSecureCarrier } from "../../../src/dataplane/relay/secure-carry.ts";
import type { CarriageEnd } from "../../../src/dataplane/userspace/carriage.ts";
import { made, serverLeg, source } from "../../tls/tls-peers.ts";
import { dialledPeer, listeningPeer, payload, received, sha1 } from "../loopback.ts";

test("bulk from a server in clear to a client under TLS is read into one large buffer, which is given back at the end", async () => {
  const buffers = createReadBuffers();
  const count = { inUse: 0, taken: 0 };
  const counting: ReadBuffers = {
    shared: buffers.shared,
    takeLarge() {
      count.inUse++;
      count.taken++;
      return buffers.takeLarge();
    },
    returnLarge(buffer) {
      count.inUse--;
      buffers.returnLarge(buffer);
    },
  };
  const [first, second] = [await listeningPeer(), await listeningPeer()];
  const legs = { client: await dialledPeer(first.endpoint), server: await dialledPeer(second.endpoint) };
  const [client, server] = await Promise.all([first.accepted, second.accepted]);
  const { promise: ended, resolve } = Promise.withResolvers<CarriageEnd>();
  createSecureCarrier(counting, false).carry(
    { ...legs, isDownHeld: false, tls: { client: source(serverLeg) } },
    { delivered() {}, ended: resolve },
  );
  const secure = dialTls({ socket: client, ca: made.cert, servername: "ftp.example.net" });
  const data = payload(6_000_000);
  server.end(data);
  expect(await received(secure)).toEqual({ bytes: data.length, sha1: sha1(data), end: "fin" });
  secure.end();
  expect(await ended).toBe("complete");
  expect(count).toEqual({ inUse: 0, taken: 1 });
});
