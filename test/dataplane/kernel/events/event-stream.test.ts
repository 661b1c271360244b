// The stream reads any descriptor at which datagrams arrive: here a local socket that conntrack events are sent to.
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import {
  createEventStream,
  type EventStream,
  type EventStreamEvents,
} from "../../../../src/dataplane/kernel/events/event-stream.ts";
import { errnos, type SystemCalls } from "../../../../src/sockets/system-calls.ts";
import { told } from "../netlink/told-connection.ts";
import { systemCalls } from "../system-calls.ts";

const [unix, datagram, nonBlocking] = [1, 2, 0o4000];
const [newEvent, create, gone] = [0x100, 0x400, 0x102];
const streams: EventStream[] = [];
let socketCount = 0;
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

/** A stream, what it has told, and a hand that sends it datagrams. */
function openStream(calls: SystemCalls = systemCalls(), answers: Partial<EventStreamEvents> = {}) {
  const name = Buffer.from(`\u0001\0\0ftp-alg-test-${process.pid}-${socketCount++}`, "latin1");
  const [receiver, sender] = [calls.socket(unix, datagram | nonBlocking, 0), calls.socket(unix, datagram, 0)];
  expect([calls.bind(receiver, name, name.length), calls.connect(sender, name, name.length)]).toEqual([0, 0]);
  const heard: string[] = [];
  const stream = createEventStream(calls, receiver, {
    event: ({ kind, connection }) => void heard.push(`${kind} ${connection.original.source.port}`),
    lost: () => void heard.push("lost"),
    failed: (errno) => void heard.push(`failed ${errno}`),
    isWanted: () => false,
    ...answers,
  });
  streams.push(stream);
  const send = (...messages: readonly Uint8Array[]) => {
    const data = Buffer.concat(messages);
    expect(calls.send(sender, data, data.length, 0)).toBe(data.length);
  };
  return { stream, heard, send, receiver, calls };
}

test("a fetch hands over what has come, several events in one datagram, in order, and nothing twice", () => {
  const { stream, heard, send } = openStream();
  send(told(newEvent, create), told(newEvent, 0));
  send(told(gone, 0));
  expect(heard).toEqual([]);
  stream.fetch();
  stream.fetch();
  expect(heard).toEqual(["new 40000", "update 40000", "gone 40000"]);
});

test("what is no conntrack event, or malformed, is passed over", () => {
  const { stream, heard, send } = openStream();
  send(Buffer.from("no netlink at all"), told(newEvent, 0));
  send(told(0x201, 0));
  send(told(newEvent, 0));
  stream.fetch();
  expect(heard).toEqual(["update 40000"]);
});

test("lost events are told of once per fetch, behind those that have come", () => {
  const calls = systemCalls();
  let overruns = 2;
  let errno = 0;
  const overrun: SystemCalls = {
    ...calls,
    recv(...args) {
      errno = overruns > 0 ? errnos.noBuffers : 0;
      return overruns-- > 0 ? -1 : calls.recv(...args);
    },
    errno: () => errno || calls.errno(),
  };
  const { stream, heard, send } = openStream(overrun);
  send(told(newEvent, 0));
  stream.fetch();
  stream.fetch();
  expect(heard).toEqual(["update 40000", "lost"]);
});

test("a descriptor that can't be read any more is told of once, with its errno, and closed", () => {
  const { stream, heard, receiver, calls } = openStream();
  calls.close(receiver);
  stream.fetch();
  stream.fetch();
  stream.lookSoon();
  expect(heard).toEqual(["failed 9"]);
});

test("who fetches while being told of an event does not disturb the order", () => {
  const heard: string[] = [];
  const opened = openStream(systemCalls(), {
    event({ kind }) {
      heard.push(kind);
      opened.stream.fetch();
    },
  });
  opened.send(told(newEvent, create), told(newEvent, 0));
  opened.send(told(gone, 0));
  opened.stream.fetch();
  expect(heard).toEqual(["new", "update", "gone"]);
});

test("a look by itself comes soon, and goes on while somebody waits for events", async () => {
  let isWanted = true;
  const { stream, heard, send } = openStream(systemCalls(), { isWanted: () => isWanted });
  stream.lookSoon();
  send(told(newEvent, create));
  await expect.poll(() => heard).toEqual(["new 40000"]);
  send(told(gone, 0));
  await expect.poll(() => heard).toEqual(["new 40000", "gone 40000"]);
  isWanted = false;
  // The look that was under way is the last one.
  await sleep(100);
  send(told(newEvent, 0));
  await sleep(100);
  expect(heard).toHaveLength(2);
});

test("closed, it looks no more", async () => {
  const { stream, heard, send } = openStream();
  send(told(newEvent, create));
  stream.lookSoon();
  stream.close();
  stream.fetch();
  await sleep(50);
  expect(heard).toEqual([]);
});
