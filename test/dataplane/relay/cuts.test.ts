// Transfers under TLS that are cut at any byte: none may pass for complete, and none that is complete for cut, in either way of telling.
// CUTS=250 in the environment makes a thousand of them for each way.
import { once } from "node:events";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { connect as dialTls, createSecureContext, TLSSocket } from "node:tls";
import { afterAll, describe, expect, test } from "vitest";
import type { PinholeOutcome } from "../../../src/dataplane/pinhole.ts";
import { createRelayPlane } from "../../../src/dataplane/relay/relay.ts";
import type { LegTls } from "../../../src/tls/leg-tls.ts";
import { makeCertificate } from "../../tls/made-certificate.ts";
import { clientLeg, serverLeg, source } from "../../tls/tls-peers.ts";
import { listenLeg, openPinhole } from "../loopback.ts";

const cuts = Number(process.env["CUTS"] ?? 30);
const plane = createRelayPlane();
afterAll(() => plane.stop());

/** A way to the gateway on which `most` bytes of the peer's go through, and then TCP ends. */
async function cutWay(to: { address: string; port: number }, most: number) {
  const way = { passed: 0, hasEnded: false, port: 0 };
  const listener = createServer({ allowHalfOpen: true }, (peer) => {
    listener.close();
    const gateway = connectTcp({ host: to.address, port: to.port, allowHalfOpen: true });
    for (const socket of [peer, gateway]) socket.on("error", () => {});
    gateway.on("data", (chunk: Buffer) => void (peer.destroyed || peer.write(chunk)));
    gateway.on("close", () => peer.destroy());
    peer.on("data", (chunk: Buffer) => {
      const left = most - way.passed;
      if (left <= 0) return;
      gateway.write(chunk.subarray(0, left));
      way.passed += Math.min(left, chunk.length);
      if (way.passed < most) return;
      gateway.end();
      // What the gateway makes of it is for the test to see; the peer is not waited for.
      gateway.once("close", () => peer.destroy());
    });
    peer.on("end", () => {
      if (way.passed >= most) return;
      way.hasEnded = true;
      gateway.end();
    });
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  way.port = (listener.address() as { port: number }).port;
  return way;
}

const content = Buffer.alloc(20_000, "content ");
/** Its signatures have one length: so has every transfer. */
const rsa = makeCertificate({ kind: "rsa" });
const secureContext = createSecureContext({ cert: rsa.cert, key: rsa.key });
const toServer: LegTls = { ...clientLeg, key: "rsa", tls: { ...clientLeg.tls, ca: rsa.cert } };

type Traits = Pick<LegTls, "isEndHeld" | "mayCancel">;

/** The side that speaks TLS sends the file; the other takes it in clear. */
async function transfer(side: "client" | "server", version: "TLSv1.2" | "TLSv1.3", traits: Traits, most: number) {
  const leg: LegTls = side === "client" ? { ...serverLeg, policy: "none" } : toServer;
  const secured = { ...listenLeg(), tls: source({ ...leg, ...traits }) };
  const pinhole = openPinhole(plane, {
    client: side === "client" ? secured : listenLeg(),
    server: side === "server" ? secured : listenLeg(),
  });
  const way = await cutWay(await pinhole.endpoint(side), most);
  const other = side === "client" ? "server" : "client";
  const { address, port } = await pinhole.endpoint(other);
  const receiver = connectTcp({ host: address, port }).on("error", () => {});
  let received = 0;
  let end = "reset";
  receiver.on("data", (chunk: Buffer) => (received += chunk.length));
  receiver.on("end", () => (end = "fin"));
  const gone = new Promise((resolve) => receiver.on("close", resolve));
  const raw: Socket = connectTcp({ host: "127.0.0.1", port: way.port, allowHalfOpen: true });
  raw.on("error", () => {});
  const only = { minVersion: version, maxVersion: version };
  const sender =
    side === "client"
      ? dialTls({ socket: raw, rejectUnauthorized: false, ...only })
      : new TLSSocket(raw, { isServer: true, secureContext, ...only });
  sender.on("error", () => {});
  sender.once("secure", () => setTimeout(() => sender.end(content), 2));
  sender.resume();
  const closed = await pinhole.event("closed");
  await gone;
  sender.destroy();
  raw.destroy();
  return { outcome: closed.outcome, received, end, isWhole: way.hasEnded, passed: way.passed };
}

const ways = [
  ["what the handle knows", {}],
  ["the order of the ends", { isEndHeld: true }],
  ["the records", { mayCancel: true }],
] as const;

describe.each(["client", "server"] as const)("a file from the %s", (side) => {
  const kinds = (["TLSv1.2", "TLSv1.3"] as const).flatMap((version) => ways.map((way) => [version, ...way] as const));
  test.each(kinds)(
    "under %s that is cut anywhere never passes for complete, and whole it does, told by %s",
    { timeout: 300_000 },
    async (version, _way, traits) => {
      const whole = await transfer(side, version, traits, Infinity);
      expect(whole).toMatchObject({ outcome: "complete", received: content.length, end: "fin", isWhole: true });
      const { passed: total } = whole;
      // Every byte of the end, where close_notify is, and others all over.
      const places = Array.from({ length: cuts }, (_, index) =>
        index < cuts / 2 ? total - index : Math.max(1, Math.floor((total * (index - cuts / 2)) / (cuts / 2))),
      );
      const broken: readonly PinholeOutcome[] = ["tls-truncated", `${side}-tls-failed`, `${side}-reset`];
      for (const most of places) {
        const cut = await transfer(side, version, traits, most);
        const isComplete = cut.outcome === "complete" && cut.end === "fin";
        const isBroken = broken.includes(cut.outcome) && cut.end === "reset";
        // All bytes through, close_notify too, and then FIN: that is whole.
        expect({ most, total, ...cut, verdict: cut.isWhole || most >= total ? isComplete : isBroken }).toMatchObject({
          verdict: true,
        });
      }
    },
  );
});
