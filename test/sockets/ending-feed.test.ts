// Uploads of clients that end TLS 1.3 with user_canceled before close_notify, as Java's do, and those that only look like them.
import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as dialTls } from "node:tls";
import { afterAll, describe, expect, test } from "vitest";
import { createRelayPlane } from "../../src/dataplane/relay/relay.ts";
import { alertsOf, cancellingTraits, closeNotify, userCanceled } from "../tls/cancelling-client.ts";
import { serverLeg, source } from "../tls/tls-peers.ts";
import { listenLeg, openPinhole } from "../dataplane/loopback.ts";

const plane = createRelayPlane();
afterAll(() => plane.stop());

/** Four records, of which the last has two bytes: it is as long as an alert. */
const content = Buffer.alloc(16_384 * 3 + 2, "content ");
const records = 4;

type Ending = { readonly alerts: readonly number[]; readonly cutBytes?: number; readonly content?: Buffer };

/** What came of it: how the transfer ended, and how many bytes the server was given. */
async function upload({ alerts, cutBytes = 0, content: sent = content }: Ending, mayCancel = true) {
  const tls = source({ ...serverLeg, policy: "none", mayCancel });
  const pinhole = openPinhole(plane, { client: { ...listenLeg(), tls }, server: listenLeg() });
  const dial = async (side: "client" | "server"): Promise<Socket> => {
    const { address, port } = await pinhole.endpoint(side);
    const socket = connectTcp({ host: address, port, allowHalfOpen: true }).on("error", () => {});
    await once(socket, "connect");
    return socket;
  };
  const raw = await dial("client");
  const server = await dial("server");
  let received = 0;
  server.on("data", (chunk: Buffer) => (received += chunk.length)).on("end", () => server.end());
  const client = dialTls({ socket: raw, rejectUnauthorized: false, ...cancellingTraits }).on("error", () => {});
  const alertRecords = alertsOf(client);
  await once(client.resume(), "secureConnect");
  await pinhole.event("secured");
  if (sent.length > 0) await new Promise((resolve) => client.write(sent, resolve));
  const ending = alertRecords(sent.length > 0 ? records : 0, ...alerts);
  raw.end(ending.subarray(0, ending.length - cutBytes));
  const { outcome } = await pinhole.event("closed");
  client.destroy();
  server.destroy();
  return { outcome, received };
}

const whole = { outcome: "complete", received: content.length };
const cut = { outcome: "tls-truncated" };

describe("an upload under TLS 1.3 that ends with user_canceled", () => {
  test("and close_notify behind it is complete", async () => {
    expect(await upload({ alerts: [userCanceled, closeNotify] })).toEqual(whole);
  });

  test("is complete for an empty file too", async () => {
    const empty = { alerts: [userCanceled, closeNotify], content: Buffer.alloc(0) };
    expect(await upload(empty)).toEqual({ outcome: "complete", received: 0 });
  });

  test.each([1, 39, 41, 79])(
    "is cut where the last %i bytes of that are missing and it is not the whole of an alert",
    async (bytes) => {
      const { outcome } = await upload({ alerts: [userCanceled, closeNotify], cutBytes: bytes });
      expect(outcome).toBe("tls-truncated");
    },
  );

  test("ends with close_notify alone in the usual way", async () => {
    expect(await upload({ alerts: [closeNotify] })).toEqual(whole);
  });

  test("is cut where no alert comes, though the last record is as long as one", async () => {
    expect(await upload({ alerts: [] })).toMatchObject(cut);
    expect(await upload({ alerts: [], content: Buffer.alloc(0) })).toMatchObject(cut);
  });
});

test("Node itself can't tell user_canceled and close_notify from a cut: the day it can, the records need no watching", async () => {
  expect(await upload({ alerts: [userCanceled, closeNotify] }, false)).toMatchObject(cut);
});
