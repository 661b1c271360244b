// The subscriptions are local sockets, which Node's event loop reads as it reads the kernel's.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { subscribeWakeups } from "../../../../src/dataplane/kernel/events/event-wakeup.ts";
import { descriptorReader } from "../../../../src/sockets/descriptor-reader.ts";
import { errnos, type SystemCalls } from "../../../../src/sockets/system-calls.ts";
import { marks } from "../nat-play.ts";
import { systemCalls } from "../system-calls.ts";

const [unix, datagram, nonBlocking] = [1, 2, 0o4000];

function reader() {
  const read = descriptorReader(systemCalls());
  if (read === undefined) throw new Error("this version of Node has no such handle");
  return read;
}

/** Each subscription is a socket at which datagrams arrive that are sent to the latest name. */
function kernelThat() {
  const real = systemCalls();
  const names: Buffer[] = [];
  const descriptors: number[] = [];
  const calls: SystemCalls = {
    ...real,
    socket() {
      const name = Buffer.from(`\u0001\0\0ftp-alg-test-event-${process.pid}-${performance.now()}`, "latin1");
      const descriptor = real.socket(unix, datagram | nonBlocking, 0);
      expect(real.bind(descriptor, name, name.length)).toBe(0);
      names.push(name);
      descriptors.push(descriptor);
      return descriptor;
    },
    setsockopt: () => 0,
    bind: () => 0,
  };
  const tell = () => {
    const sender = real.socket(unix, datagram, 0);
    const name = names.at(-1)!;
    real.connect(sender, name, name.length);
    const sent = real.send(sender, Buffer.from("event"), 5, 0);
    real.close(sender);
    return sent;
  };
  return { calls, tell, descriptors };
}

test("it wakes when an event arrives, each time, and not after it was closed", async () => {
  const { calls, tell } = kernelThat();
  let woken = 0;
  const wakeups = subscribeWakeups(calls, reader(), marks, () => void woken++);
  if ("errno" in wakeups) throw new Error(`errno ${wakeups.errno}`);
  tell();
  await expect.poll(() => woken).toBe(1);
  tell();
  await expect.poll(() => woken).toBe(2);
  tell();
  wakeups.close();
  await sleep(20);
  expect(woken).toBe(2);
});

test("a socket that can't be read any more wakes too, and a new one takes its place", async () => {
  const { calls, tell, descriptors } = kernelThat();
  const read = reader();
  const sockets: ReturnType<typeof read>[] = [];
  let woken = 0;
  const keep = (...args: Parameters<typeof read>) => {
    const socket = read(...args);
    sockets.push(socket);
    return socket;
  };
  const wakeups = subscribeWakeups(calls, keep, marks, () => void woken++);
  if ("errno" in wakeups) throw new Error(`errno ${wakeups.errno}`);
  onTestFinished(() => wakeups.close());
  const [first] = sockets;
  if (first === undefined || "errno" in first) throw new Error("no socket");
  first.destroy(new Error("ENOBUFS"));
  await expect.poll(() => [woken, descriptors.length]).toEqual([1, 2]);
  tell();
  await expect.poll(() => woken).toBe(2);
});

test("a descriptor that Node can't read is closed, and the errno told", async () => {
  const { calls, descriptors } = kernelThat();
  const closed: number[] = [];
  const close = (descriptor: number) => closed.push(descriptor);
  const wakeups = subscribeWakeups(
    { ...calls, close },
    () => ({ errno: errnos.eperm }),
    marks,
    () => {},
  );
  expect(wakeups).toEqual({ errno: errnos.eperm });
  expect(closed).toEqual(descriptors);
  systemCalls().close(descriptors[0]!);
});
