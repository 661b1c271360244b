// The driver of a NAT connection: ports and reservations are real, time is virtual, the kernel answers as told.
import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { type NatPinhole, openNatPinhole } from "../../../src/dataplane/kernel/nat-pinhole.ts";
import type { Connection, Tuple } from "../../../src/dataplane/kernel/netlink/conntrack-message.ts";
import { createUsedPinholes } from "../../../src/dataplane/kernel/used-pinholes.ts";
import type { PinholeEvent } from "../../../src/dataplane/pinhole.ts";
import { createPortTable } from "../../../src/dataplane/port-pool.ts";
import { marks, parseConnection, sides } from "./nat-play.ts";
import { systemCalls } from "./system-calls.ts";
import { passUntilTrue, sleep } from "../../virtual-time.ts";

const bind = "127.0.0.1";
/** A deadline may strike so much later. */
const grainMs = 25;
const times = { expiryMs: 20_000, connectMs: 20_000, stallMs: 20_000 };

/** A passive pinhole on loopback. `answer` is what reports are answered with. */
function openPinhole(
  changed: Partial<typeof times> = {},
  answer: (event: PinholeEvent, opened: NatPinhole) => void = () => {},
) {
  const ports = createPortTable({ restMs: 60_000 }).pool(20_000, 31_999);
  const events: PinholeEvent[] = [];
  const kernel = {
    calls: systemCalls(),
    known: undefined as Connection | undefined,
    errno: 0,
    questions: [] as Tuple[],
    removed: 0,
    aborted: 0,
    fetched: 0,
    open: () => kernel.errno,
    close: () => void kernel.removed++,
    find(original: Tuple) {
      kernel.questions.push(original);
      return kernel.known;
    },
  };
  const tools = {
    netfilter: kernel,
    usedPinholes: createUsedPinholes(kernel),
    marks,
    number: 1,
    abort: () => void kernel.aborted++,
    fetchEvents: () => void kernel.fetched++,
    refused: (errno: number) => `errno ${errno}`,
  };
  const legs = {
    listening: { kind: "listen", bind, ports, expect: { match: "address", address: sides.passive.terms.peer } },
    dialled: { kind: "dial", to: sides.passive.reply.source, bind: "10.0.0.1" },
    listeningSide: "client",
    dialledSide: "server",
    peer: sides.passive.terms.peer,
  } as const;
  const request = { client: legs.listening, server: legs.dialled, ...times, ...changed };
  const opened = openNatPinhole(tools, request, legs, (event) => {
    events.push(event);
    answer(event, opened);
  });
  const local = () => {
    const event = events.find(({ kind }) => kind === "opened");
    return (event?.kind === "opened" && event.client) || { address: bind, port: 0 };
  };
  /** An event, or what the kernel answers, of this pinhole's connection. */
  const connection = (text: string): Connection => {
    const { address, port } = local();
    return parseConnection([...text.split(" "), `to=${address}:${port}`], "passive");
  };
  const tell = (kind: "new" | "update" | "gone", text: string) => opened.event({ kind, connection: connection(text) });
  const kinds = () => events.map(({ kind }) => kind);
  return { ...opened, events, kinds, kernel, ports, local, connection, tell };
}

type Open = ReturnType<typeof openPinhole>;

async function joined(open: Open): Promise<Open> {
  await Promise.resolve();
  open.tell("new", "SYN_SENT");
  open.tell("update", "ESTABLISHED assured");
  return open;
}

test("nothing is reported during the call; what the owner says before it is open is kept", async () => {
  const { pinhole, kinds, ports } = openPinhole();
  pinhole.start();
  pinhole.release();
  expect(kinds()).toEqual([]);
  await expect.poll(kinds).toEqual(["opened", "closed"]);
  expect(ports.counts()).toMatchObject({ open: 0 });
});

test("its port is reserved until the legs are joined, and given back with the end", async () => {
  const open = openPinhole();
  await Promise.resolve();
  const { port } = open.local();
  const [refusal] = (await once(connect(port, bind), "error")) as [NodeJS.ErrnoException];
  expect(refusal.code).toBe("ECONNREFUSED");
  await joined(open);
  expect(open.kinds()).toEqual(["opened", "admitted", "joined"]);
  open.kernel.known = open.connection("TIME_WAIT bytes=300/5000");
  open.tell("update", "TIME_WAIT");
  expect(open.ports.counts()).toMatchObject({ open: 0, resting: 1 });
  await passUntilTrue(() => open.kinds().includes("closed"), 1000);
  expect(open.kinds()).toEqual(["opened", "admitted", "joined", "delivered", "closed"]);
  expect(open.events.at(-1)).toMatchObject({ outcome: "complete", bytesUp: 300, bytesDown: 5000 });
});

test("a refusal of the kernel is reported as the plane tells it, and no port stays open", async () => {
  const open = openPinhole();
  open.kernel.errno = 23;
  await expect.poll(open.kinds).toEqual(["refused"]);
  expect(open.events).toEqual([{ kind: "refused", reason: "plane-unavailable", detail: "errno 23" }]);
  expect(open.ports.counts()).toMatchObject({ open: 0 });
});

test("it expires, and its elements are taken out of the maps", async () => {
  const open = openPinhole({ expiryMs: 30 });
  await sleep(29);
  expect(open.kinds()).toEqual(["opened"]);
  await sleep(1 + grainMs);
  expect(open.kinds()).toEqual(["opened", "closed"]);
  expect(open.events.at(-1)).toMatchObject({ outcome: "expired", durationMs: 0 });
  expect(open.kernel.removed).toBe(1);
});

test("linger ends the wait sooner, and never later", async () => {
  const sooner = openPinhole();
  await Promise.resolve();
  sooner.pinhole.linger(30);
  const never = openPinhole({ expiryMs: 60 });
  await Promise.resolve();
  never.pinhole.linger(20_000);
  await sleep(30 + grainMs);
  expect([sooner.events.at(-1), never.kinds()]).toMatchObject([{ outcome: "expired" }, ["opened"]]);
  await sleep(30);
  expect(never.events.at(-1)).toMatchObject({ outcome: "expired" });
});

test("a peer that is not reached in time is unreachable", async () => {
  const open = openPinhole({ connectMs: 30 });
  await Promise.resolve();
  open.tell("new", "SYN_SENT");
  await sleep(29);
  expect(open.kinds()).toEqual(["opened", "admitted"]);
  await sleep(1 + grainMs);
  expect(open.kinds()).toEqual(["opened", "admitted", "closed"]);
  expect(open.events.at(-1)).toMatchObject({ outcome: "server-unreachable" });
  expect(open.kernel.aborted).toBe(1);
});

test("bytes that stand still for the stall time end it; bytes that move do not", async () => {
  const open = await joined(openPinhole({ stallMs: 120 }));
  let bytes = 0;
  const moving = setInterval(() => (open.kernel.known = open.connection(`ESTABLISHED bytes=${++bytes}/0`)), 5);
  await sleep(400);
  expect(open.kinds()).not.toContain("closed");
  clearInterval(moving);
  await passUntilTrue(() => open.kinds().includes("closed"), 300);
  expect(open.events.at(-1)).toMatchObject({ outcome: "stalled", bytesUp: bytes });
  expect((open.events.at(-1) as { durationMs: number }).durationMs).toBeGreaterThanOrEqual(400);
  expect(open.kernel.aborted).toBe(1);
});

test.each([
  ["opened", ["opened", "closed"]],
  ["admitted", ["opened", "admitted", "closed"]],
  ["joined", ["opened", "admitted", "joined", "closed"]],
] as const)(
  "released in answer to %s, it ends there, and the connection that has come is aborted",
  async (kind, expected) => {
    const open = openPinhole({}, (event, { pinhole }) => event.kind === kind && pinhole.release());
    await joined(open);
    await expect.poll(open.kinds).toEqual(expected);
    expect(open.events.at(-1)).toMatchObject({ outcome: "released" });
    expect(open.kernel.aborted).toBe(1);
  },
);

test("what no event tells is looked for, until it is so", async () => {
  const open = await joined(openPinhole());
  open.kernel.known = open.connection("TIME_WAIT answerer-unacked bytes=300/5000");
  open.tell("update", "TIME_WAIT answerer-unacked");
  await sleep(30);
  expect(open.kinds()).not.toContain("delivered");
  const questions = open.kernel.questions.length;
  expect(questions).toBeGreaterThan(1);
  open.kernel.known = open.connection("TIME_WAIT bytes=300/5000");
  await passUntilTrue(() => open.kinds().includes("closed"), 1000);
  expect(open.events.at(-1)).toMatchObject({ outcome: "complete" });
  const asked = open.kernel.questions.length;
  await sleep(60);
  expect(open.kernel.questions.length).toBe(asked);
});

test("counts are the kernel's when they are refreshed, and those of the end after it", async () => {
  const open = await joined(openPinhole());
  open.kernel.known = open.connection("ESTABLISHED bytes=100/4000");
  expect(open.pinhole.counts()).toEqual({ bytesUp: 0, bytesDown: 0 });
  open.refreshCounts();
  expect(open.pinhole.counts()).toEqual({ bytesUp: 100, bytesDown: 4000 });
  open.tell("gone", "CLOSE opener-rst bytes=200/5000");
  expect(open.pinhole.counts()).toEqual({ bytesUp: 200, bytesDown: 5000 });
});

test("events are fetched when the owner confirms or lingers, not during the call", async () => {
  const open = await joined(openPinhole());
  open.pinhole.confirm();
  open.pinhole.linger(20_000);
  expect(open.kernel.fetched).toBe(0);
  await expect.poll(() => open.kernel.fetched).toBe(2);
  open.pinhole.release();
});
