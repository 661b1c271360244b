// Ports and reservations are real; the kernel's maps answer as told.
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { claimPinhole, type PinholeClaim } from "../../../src/dataplane/kernel/pinhole-claim.ts";
import { createUsedPinholes } from "../../../src/dataplane/kernel/used-pinholes.ts";
import { createPortTable, type PortPool } from "../../../src/dataplane/port-pool.ts";
import { errnos } from "../../../src/sockets/system-calls.ts";
import { systemCalls } from "./system-calls.ts";

const bind = "127.0.0.1";
const elements = {
  peer: "192.0.2.1",
  mark: 1,
  to: { address: "192.0.2.3", port: 5000 },
  from: "192.0.2.2",
  timeoutMs: 1000,
};

/** The kernel answers each opening with the next errno, and then with 0. */
function kernelThat(...answers: number[]) {
  const closed: number[] = [];
  const calls = systemCalls();
  const maps = {
    calls,
    open: () => answers.shift() ?? 0,
    close: (keys: readonly { local: { port: number } }[]) => void closed.push(...keys.map(({ local }) => local.port)),
  };
  const claim = (ports: PortPool, address = bind, wanted: { readonly port?: number } = {}) =>
    claimPinhole(
      maps,
      createUsedPinholes(maps),
      { kind: "listen", bind: address, ports, ...wanted, expect: { match: "any" } },
      elements,
    );
  return { claim, closed };
}

/** As many ports as nobody has: the system gives none of these to anybody, and no other test takes them. */
function freePorts(count: number): PortPool {
  const first = nextFree;
  nextFree += count;
  return createPortTable({ restMs: 60_000 }).pool(first, nextFree - 1);
}

let nextFree = 19_000;

function claimed(claim: ReturnType<ReturnType<typeof kernelThat>["claim"]>): PinholeClaim {
  if ("reason" in claim) throw new Error(claim.detail);
  return claim;
}

test("a claim that was not used takes its elements out of the maps; its port rests", async () => {
  const ports = freePorts(1);
  const { claim, closed } = kernelThat();
  const { local, release } = claimed(claim(ports));
  expect(ports.counts()).toMatchObject({ free: 0, open: 1 });
  release();
  release();
  expect(closed).toEqual([local.port]);
  expect(ports.counts()).toMatchObject({ free: 0, open: 0, resting: 1 });
});

test("a used claim leaves its elements to be removed later, once, and its port to others when it is joined", async () => {
  const ports = freePorts(1);
  const { claim, closed } = kernelThat();
  const { local, used, unreserve, release } = claimed(claim(ports));
  const other = createServer().on("error", () => {});
  used();
  used();
  unreserve();
  await once(other.listen(local.port, bind), "listening");
  other.close();
  release();
  expect(closed).toEqual([]);
  await expect.poll(() => closed).toEqual([local.port]);
});

test("a port that another program has is passed over, and so is one whose element is still in the maps", async () => {
  const holder = createServer().listen(0, bind);
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  const ports = createPortTable({ restMs: 60_000 }).pool(port, Math.min(port + 7, 65_535));
  const first = claimed(kernelThat(errnos.eexist).claim(ports));
  expect(first.local.port).not.toBe(port);
  first.release();
  holder.close();
  expect(ports.counts().resting).toBeGreaterThanOrEqual(2);
});

test("what the kernel refuses gives port and reservation back, with the errno", async () => {
  const ports = freePorts(1);
  expect(kernelThat(errnos.enfile).claim(ports)).toEqual({
    reason: "plane-unavailable",
    detail: "ENFILE",
    errno: errnos.enfile,
  });
  expect(ports.counts()).toMatchObject({ open: 0 });
});

test("an address that is not this machine's is unavailable, and its port is given back", async () => {
  const ports = freePorts(1);
  expect(kernelThat().claim(ports, "192.0.2.77")).toEqual({
    reason: "address-unavailable",
    detail: "bind EADDRNOTAVAIL 192.0.2.77",
  });
  expect(ports.counts()).toMatchObject({ open: 0 });
});

test("no port is left, or none of eight that were tried: ports-exhausted", async () => {
  const ports = freePorts(20);
  const { claim } = kernelThat(...Array.from({ length: 8 }, () => errnos.eexist));
  expect(claim(ports)).toMatchObject({ reason: "ports-exhausted" });
  expect(ports.counts()).toMatchObject({ open: 0, resting: 8 });
  const single = createPortTable({ restMs: 60_000 }).pool(40_000, 40_000);
  single.take();
  expect(kernelThat().claim(single)).toEqual({ reason: "ports-exhausted", detail: "no data port is free" });
});

test("a wanted port is claimed again once it rests, and no other is taken in its place (D4.99)", async () => {
  const ports = freePorts(20);
  const { claim } = kernelThat(0, 0, errnos.eexist);
  const first = claimed(claim(ports));
  const { port } = first.local;
  expect(claim(ports, bind, { port })).toEqual({
    reason: "ports-exhausted",
    detail: `data port ${port} is in use`,
  });
  first.release();
  const second = claimed(claim(ports, bind, { port }));
  expect(second.local.port).toBe(port);
  second.release();
  expect(claim(ports, bind, { port })).toMatchObject({ reason: "ports-exhausted" });
  expect(ports.counts()).toMatchObject({ open: 0, resting: 1 });
});
