// What is sent for a change, to a kernel that acknowledges as told.
import { expect, test } from "vitest";
import { createElementChanges } from "../../../../src/dataplane/kernel/netlink/element-changes.ts";
import type { PinholeElements, PinholeKey } from "../../../../src/dataplane/kernel/netlink/pinhole-elements.ts";
import { errnos } from "../../../../src/sockets/system-calls.ts";
import { messagesIn } from "./netlink-messages.ts";

const key = (port: number): PinholeKey => ({ peer: "192.168.1.100", local: { address: "192.168.1.1", port } });
const elements: PinholeElements = {
  ...key(50_000),
  mark: 0x46000001,
  to: { address: "10.0.0.5", port: 40_215 },
  from: "10.0.0.1",
  timeoutMs: 60_000,
};

const names: Readonly<Record<number, string>> = { 0x10: "begin", 0x11: "end", 0xa0c: "+", 0xa0e: "-" };

/** `+` and `-` for each element of a transaction, which has its begin and its end unless it says so. */
function changesAt(...told: readonly number[]) {
  const answers = [...told];
  const sent: string[] = [];
  let next = 1;
  const socket = {
    sequence(count: number) {
      next += count;
      return next - count;
    },
    acknowledged(written: { written(): Buffer }, last: number, length?: number) {
      const messages = messagesIn(written.written().subarray(0, length));
      const all = messages.map(({ type }) => names[type] ?? "?").join("");
      sent.push(all.replace(/^begin(.*?)(end)?$/, (_, inner: string, end?: string) => inner + (end ? "" : " unended")));
      expect(messages.filter(({ flags }) => (flags & 4) !== 0).map(({ sequence }) => sequence)).toEqual([last]);
      return answers.shift() ?? 0;
    },
  };
  return { changes: createElementChanges(socket, "ftp_alg"), sent };
}

test("a pinhole is opened, and what is left of closed ones removed, in one transaction", () => {
  const { changes, sent } = changesAt();
  expect([changes.open(elements), changes.open(elements, [key(1), key(2)])]).toEqual([0, 0]);
  expect(sent).toEqual(["+++", "------+++"]);
});

test("an opening that fails alone is told at once", () => {
  const { changes, sent } = changesAt(errnos.eexist);
  expect(changes.open(elements)).toBe(errnos.eexist);
  expect(sent).toEqual(["+++"]);
});

test("where one of the closed has expired, the others are removed one by one and the pinhole is opened all the same", () => {
  const { changes, sent } = changesAt(errnos.enoent, errnos.enoent);
  expect(changes.open(elements, [key(1), key(2)])).toBe(0);
  expect(sent).toEqual(["------+++", "------", "-", "-", "-", "-", "-", "-", "+++"]);
});

test("a full map is told after the closed ones were removed", () => {
  const { changes, sent } = changesAt(errnos.enfile, 0, errnos.enfile);
  expect(changes.open(elements, [key(1)])).toBe(errnos.enfile);
  expect(sent).toEqual(["---+++", "---", "+++"]);
});

test("transactions that changed something are counted, those that failed and probes are not", () => {
  const { changes } = changesAt(0, errnos.eexist, 0, 0);
  changes.open(elements);
  changes.open(elements);
  changes.probe();
  changes.close([key(1)]);
  expect(changes.committed()).toBe(2);
});

test("nothing is sent to close nothing", () => {
  const { changes, sent } = changesAt();
  changes.close([]);
  expect(sent).toEqual([]);
});

test("a probe is a transaction that never ends, so that no pinhole is opened", () => {
  const { changes, sent } = changesAt(errnos.eperm);
  expect(changes.probe()).toBe(errnos.eperm);
  expect(sent).toEqual(["+++ unended"]);
});
