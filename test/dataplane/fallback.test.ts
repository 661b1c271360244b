import { expect, test } from "vitest";
import { createFallbackPlane } from "../../src/dataplane/fallback.ts";
import type { ByteCounts, DataPlane, PinholeEvent, PinholeRequest, PlaneName } from "../../src/dataplane/pinhole.ts";

const request: PinholeRequest = {
  client: { kind: "dial", to: { address: "127.0.0.1", port: 9 } },
  server: { kind: "dial", to: { address: "127.0.0.1", port: 9 } },
  expiryMs: 1,
  connectMs: 1,
  stallMs: 1,
};

/** So that it shows which plane was asked. */
const counted: Readonly<Record<PlaneName, ByteCounts>> = {
  relay: { bytesUp: 1, bytesDown: 2 },
  splice: { bytesUp: 3, bytesDown: 4 },
  kernel: { bytesUp: 5, bytesDown: 6 },
};

type Behaviour = {
  readonly unfit?: string;
  readonly obstacle?: string;
  readonly refusal?: Extract<PinholeEvent, { kind: "refused" }>;
};

/** A plane that opens, refuses or is unfit as told, and notes what it is asked. */
function planeOf(name: PlaneName, asked: string[], { unfit, obstacle, refusal }: Behaviour = {}): DataPlane {
  const note = (what: string) => () => void asked.push(`${name} ${what}`);
  return {
    name,
    unfit: () => unfit,
    open(_, report) {
      asked.push(`${name} open`);
      queueMicrotask(() => report(refusal ?? { kind: "opened", plane: name }));
      const asks = { start: note("start"), confirm: note("confirm"), linger: note("linger"), release: note("release") };
      return { ...asks, dismiss: note("dismiss"), counts: () => counted[name] };
    },
    refreshCounts: note("refreshCounts"),
    missing: () => (obstacle === undefined ? [] : [{ plane: name, why: obstacle }]),
    stop: async () => void asked.push(`${name} stop`),
  };
}

function openOn(planes: (asked: string[]) => DataPlane[]) {
  const asked: string[] = [];
  const chosen: string[] = [];
  const events: PinholeEvent[] = [];
  const plane = createFallbackPlane(planes(asked), (name, why) => chosen.push(`${name}: ${why}`));
  const pinhole = plane.open(request, (event) => events.push(event));
  return { asked, chosen, events, pinhole, plane };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const unavailable = { kind: "refused", reason: "plane-unavailable", detail: "a map is full" } as const;

test("the best plane that can carry is taken, and it is told what kept better ones from it", async () => {
  const { asked, chosen, events } = openOn((notes) => [
    planeOf("kernel", notes, { unfit: "both sides listen" }),
    planeOf("splice", notes, { refusal: unavailable }),
    planeOf("relay", notes),
  ]);
  await settled();
  expect(asked).toEqual(["splice open", "relay open"]);
  expect(chosen).toEqual(["relay: kernel: both sides listen; splice: a map is full"]);
  expect(events).toEqual([{ kind: "opened", plane: "relay" }]);
});

test("bytes are counted by the plane that has taken over, and every plane is asked to bring its counts up to date", async () => {
  const { asked, pinhole, plane } = openOn((notes) => [
    planeOf("kernel", notes, { refusal: unavailable }),
    planeOf("relay", notes),
  ]);
  await settled();
  expect(pinhole.counts()).toEqual(counted.relay);
  plane.refreshCounts();
  expect(asked.slice(2)).toEqual(["kernel refreshCounts", "relay refreshCounts"]);
});

test("what speaks of ports or addresses is an answer, and the last plane's refusal too", async () => {
  const exhausted = { kind: "refused", reason: "ports-exhausted", detail: "none" } as const;
  const first = openOn((notes) => [planeOf("kernel", notes, { refusal: exhausted }), planeOf("relay", notes)]);
  const last = openOn((notes) => [
    planeOf("kernel", notes, { unfit: "no" }),
    planeOf("relay", notes, { refusal: unavailable }),
  ]);
  await settled();
  expect([first.events, first.asked]).toEqual([[exhausted], ["kernel open"]]);
  expect(last.events).toEqual([unavailable]);
});

test("the owner speaks to the plane that has opened", async () => {
  const { asked, pinhole } = openOn((notes) => [
    planeOf("kernel", notes, { refusal: unavailable }),
    planeOf("relay", notes),
  ]);
  await settled();
  pinhole.start();
  pinhole.confirm();
  pinhole.linger(1);
  pinhole.release();
  pinhole.dismiss();
  expect(asked.slice(2)).toEqual(["start", "confirm", "linger", "release", "dismiss"].map((what) => `relay ${what}`));
});

test("what the owner says before a plane has refused is said again to the next, in that order", async () => {
  const { asked, pinhole } = openOn((notes) => [
    planeOf("kernel", notes, { refusal: unavailable }),
    planeOf("relay", notes),
  ]);
  pinhole.start();
  pinhole.linger(1);
  pinhole.confirm();
  await settled();
  const words = ["start", "linger", "confirm"];
  expect(asked).toEqual(["kernel", "relay"].flatMap((name) => ["open", ...words].map((word) => `${name} ${word}`)));
});

test.each(["release", "dismiss"] as const)(
  "%s before it is open: a refusal is not tried on the next plane",
  async (what) => {
    const { asked, events, pinhole } = openOn((notes) => [
      planeOf("kernel", notes, { refusal: unavailable }),
      planeOf("relay", notes),
    ]);
    pinhole[what]();
    await settled();
    expect(asked).toEqual(["kernel open", `kernel ${what}`]);
    expect(events).toEqual([unavailable]);
  },
);

test("it is unfit when all of them are, and all of them are stopped", async () => {
  const { asked, plane } = openOn((notes) => [
    planeOf("splice", notes),
    planeOf("relay", notes, { unfit: "stopping" }),
  ]);
  expect(plane.unfit(request)).toBeUndefined();
  await plane.stop();
  expect(asked.slice(1)).toEqual(["splice stop", "relay stop"]);
  const none = openOn((notes) => [planeOf("splice", notes, { unfit: "a" }), planeOf("relay", notes, { unfit: "b" })]);
  expect(none.plane.unfit(request)).toBe("b");
});

test("it has the name of the plane that is tried first", () => {
  const planes = [planeOf("splice", []), planeOf("relay", [])];
  expect(createFallbackPlane(planes, () => {}).name).toBe("splice");
});

test("it tells which of its planes can't be used, and which could not be made", () => {
  const planes = [planeOf("splice", [], { obstacle: "the thread has ended" }), planeOf("relay", [])];
  const absent = [{ plane: "kernel", why: "CAP_NET_ADMIN is missing" }] as const;
  expect(createFallbackPlane(planes, () => {}, absent).missing()).toEqual([
    ...absent,
    { plane: "splice", why: "the thread has ended" },
  ]);
});
