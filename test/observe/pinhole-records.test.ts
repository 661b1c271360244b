import { expect, test } from "vitest";
import type { ByteCounts, PinholeOutcome } from "../../src/dataplane/pinhole.ts";
import { observe } from "./observing.ts";
import { closed, dial, listen, listener, server, type TestSession } from "./synthetic.ts";

test.each<[PinholeOutcome, string]>([
  ["complete", "used"],
  ["client-reset", "used"],
  ["server-reset", "used"],
  ["stalled", "used"],
  ["client-unreachable", "used"],
  ["server-unreachable", "used"],
  ["aborted", "used"],
  ["expired", "expired"],
  ["released", "released"],
])("a pinhole that closes as %s is counted as %s", async (outcome, fate) => {
  const { start, counted } = observe();
  const session = start();
  session.open(listen, dial);
  session.pinhole({ kind: "opened", plane: "relay", client: listener });
  expect(await counted("pinholes_active")).toEqual({ "client relay": 1 });
  session.pinhole(closed(outcome));
  expect(await counted("pinholes_active")).toEqual({});
  expect(await counted("pinholes_total")).toEqual({ [`client relay ${fate}`]: 1 });
});

test("a pinhole that listens on both sides counts on both, one that listens on none only takes time", async () => {
  const { start, counted, observations } = observe();
  const session = start();
  session.open(listen, listen, 1);
  session.open(dial, dial, 2);
  session.pinhole({ kind: "opened", plane: "splice", client: listener, server }, 1);
  session.pinhole({ kind: "opened", plane: "relay" }, 2);
  expect(await counted("pinholes_active")).toEqual({ "client splice": 1, "server splice": 1 });
  expect(await observations("pinhole_open_seconds")).toBe(2);
});

test("a refused pinhole was never active and has no plane", async () => {
  const { start, counted } = observe();
  const session = start();
  session.open(dial, listen);
  session.pinhole({ kind: "refused", reason: "address-unavailable", detail: "EADDRNOTAVAIL" });
  expect(await counted("pinholes_active")).toEqual({});
  expect(await counted("pinholes_total")).toEqual({ "server none refused": 1 });
});

test("strangers are counted by side and warned about", async () => {
  const { start, counted, lines } = observe("warn");
  const session = start();
  session.open(listen, dial);
  session.pinhole({ kind: "stranger", side: "server", from: { address: "2001:db8::bad", port: 4 } });
  expect(await counted("pinhole_strangers_total")).toEqual({ server: 1 });
  expect(lines).toMatchObject([{ msg: "stranger", side: "server", from: "[2001:db8::bad]:4" }]);
});

test("a source port that is another than the one wanted is a quirk", async () => {
  const { start, counted } = observe();
  const session = start();
  session.open(dial, listen);
  session.pinhole({ kind: "other-source-port", side: "client", wanted: 20, detail: "EACCES" });
  expect(await counted("quirks_total")).toEqual({ "other-source-port": 1 });
});

/** A session with one transfer that has carried `bytes` so far, which the test may change. */
function transferring(
  session: (source: { counts(id: number): ByteCounts | undefined; failed(): void }) => TestSession,
) {
  const bytes = { bytesUp: 0, bytesDown: 0 };
  const running = session({ counts: (id) => (id === 1 ? { ...bytes } : undefined), failed: () => {} });
  running.open(listen, dial);
  running.pinhole({ kind: "opened", plane: "splice", client: listener });
  return { bytes, running };
}

test("a transfer is active while its data connection carries bytes, and its time is observed at its end", async () => {
  const { start, counted, observations } = observe();
  const { running } = transferring(start);
  expect(await counted("transfers_active")).toEqual({});
  running.pinhole({ kind: "joined" });
  expect(await counted("transfers_active")).toEqual({ splice: 1 });
  running.pinhole(closed("complete", { durationMs: 250 }));
  expect(await counted("transfers_active")).toEqual({});
  expect(await observations("transfer_seconds")).toBe(1);
});

test("the bytes of a running transfer are counted at every scrape, and each once", async () => {
  const { start, counted } = observe();
  const { bytes, running } = transferring(start);
  running.pinhole({ kind: "joined" });
  bytes.bytesDown = 1000;
  expect(await counted("transfer_bytes_total")).toEqual({ "download splice": 1000 });
  expect(await counted("transfer_bytes_total")).toEqual({ "download splice": 1000 });
  Object.assign(bytes, { bytesDown: 5000, bytesUp: 3 });
  expect(await counted("transfer_bytes_total")).toEqual({ "download splice": 5000, "upload splice": 3 });
  running.pinhole(closed("complete", { bytesDown: 7000, bytesUp: 3 }));
  expect(await counted("transfer_bytes_total")).toEqual({ "download splice": 7000, "upload splice": 3 });
});

test("a counter never falls, though a plane should say that less was carried", async () => {
  const { start, counted } = observe();
  const { bytes, running } = transferring(start);
  running.pinhole({ kind: "joined" });
  bytes.bytesDown = 1000;
  expect(await counted("transfer_bytes_total")).toEqual({ "download splice": 1000 });
  bytes.bytesDown = 10;
  expect(await counted("transfer_bytes_total")).toEqual({ "download splice": 1000 });
  running.pinhole(closed("aborted", { bytesDown: 900 }));
  expect(await counted("transfer_bytes_total")).toEqual({ "download splice": 1000 });
});

test("the planes are asked to bring their counts up to date before a scrape, while a transfer runs and no longer", async () => {
  const { gateway, start, counted } = observe();
  let asked = 0;
  gateway.dataPlane(() => (asked += 1));
  const { running } = transferring(start);
  await counted("transfer_bytes_total");
  expect(asked).toBe(0);
  running.pinhole({ kind: "joined" });
  await counted("transfer_bytes_total");
  expect(asked).toBe(1);
  running.pinhole(closed("complete"));
  await counted("transfer_bytes_total");
  expect(asked).toBe(1);
});

test("a stopped gateway's plane is asked no more", async () => {
  const { gateway, start, counted } = observe();
  let asked = 0;
  gateway.dataPlane(() => (asked += 1));
  transferring(start).running.pinhole({ kind: "joined" });
  gateway.stopped();
  await counted("transfer_bytes_total");
  expect(asked).toBe(0);
});

test("an unused data connection that expires beside a running transfer leaves it active", async () => {
  const { start, counted } = observe();
  const { running } = transferring(start);
  running.pinhole({ kind: "joined" });
  running.open(listen, dial, 2);
  running.pinhole({ kind: "opened", plane: "splice", client: listener }, 2);
  running.pinhole(closed("expired"), 2);
  expect(await counted("transfers_active")).toEqual({ splice: 1 });
});

test("no transfer of an ended session is active, whether its end is reported later or never", async () => {
  const { start, counted } = observe();
  const { running } = transferring(start);
  running.pinhole({ kind: "joined" });
  running.open(listen, dial, 2);
  running.pinhole({ kind: "opened", plane: "relay", client: listener }, 2);
  running.pinhole({ kind: "joined" }, 2);
  expect(await counted("transfers_active")).toEqual({ splice: 1, relay: 1 });
  running.record({ kind: "ended", reason: "stopped", detail: "" });
  expect(await counted("transfers_active")).toEqual({});
  running.pinhole(closed("aborted", { bytesDown: 5 }));
  expect(await counted("transfers_active")).toEqual({});
  expect(await counted("transfer_bytes_total")).toEqual({ "download splice": 5 });
});
