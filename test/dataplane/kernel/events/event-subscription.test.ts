// What the kernel is asked for. That it then sends our events and no others is shown in lab/kernel-plane.test.ts.
import { expect, test } from "vitest";
import { eventFilter } from "../../../../src/dataplane/kernel/events/event-filter.ts";
import { subscribe } from "../../../../src/dataplane/kernel/events/event-subscription.ts";
import { errnos, levels, options, type SystemCalls } from "../../../../src/sockets/system-calls.ts";
import { marks } from "../nat-play.ts";
import { systemCalls } from "../system-calls.ts";

/** A kernel that takes every option but these, and binds with that errno. */
function kernelThat({ refuses = [], bindErrno = 0 }: { refuses?: readonly number[]; bindErrno?: number }) {
  const set = new Map<number, Buffer>();
  const closed: number[] = [];
  let bound: Buffer | undefined;
  const calls: SystemCalls = {
    ...systemCalls(),
    socket: () => 7,
    setsockopt(_, level, option, value) {
      expect(level).toBe(levels.socket);
      set.set(option, Buffer.from(value));
      return refuses.includes(option) ? -1 : 0;
    },
    bind(_, address) {
      bound = Buffer.from(address);
      return bindErrno === 0 ? 0 : -1;
    },
    close: (descriptor) => closed.push(descriptor),
    errno: () => bindErrno,
  };
  return { calls, set, closed, groups: () => bound?.readUInt32LE(8) };
}

test("new, changed and gone connections, filtered before the socket is bound, with a buffer of the size that is asked for", () => {
  const { calls, set, closed, groups } = kernelThat({});
  expect(subscribe(calls, marks, "ends", 1000)).toBe(7);
  expect(groups()).toBe(1 | 2 | 4);
  expect([...set.keys()]).toEqual([options.forceReceiveBuffer, options.attachFilter]);
  expect(set.get(options.forceReceiveBuffer)?.readInt32LE()).toBe(1000);
  const instructions = eventFilter(marks.value, marks.mask, "ends").length / 8;
  expect(set.get(options.attachFilter)?.readUInt16LE()).toBe(instructions);
  expect(closed).toEqual([]);
});

test("without the privilege for a larger buffer it takes what everybody may have", () => {
  const { calls, set } = kernelThat({ refuses: [options.forceReceiveBuffer] });
  expect(subscribe(calls, marks, "everything", 1000)).toBe(7);
  expect(set.get(options.receiveBuffer)?.readInt32LE()).toBe(1000);
});

test.each([
  ["filter", { refuses: [options.attachFilter], bindErrno: errnos.eperm }],
  ["socket", { bindErrno: errnos.eperm }],
])("a %s that the kernel refuses leaves no descriptor behind", (_, kernel) => {
  const { calls, closed } = kernelThat(kernel);
  expect(subscribe(calls, marks, "everything", 1000)).toEqual({ errno: errnos.eperm });
  expect(closed).toEqual([7]);
});
