// At the kernel, with a table that there is not: what it would change is shown in the lab.
import { afterAll, expect, test } from "vitest";
import { createNetfilter, type Netfilter } from "../../../../src/dataplane/kernel/netlink/netfilter.ts";
import { loadFfi } from "../../../../src/sockets/ffi.ts";
import { errnos } from "../../../../src/sockets/system-calls.ts";
import { marks } from "../nat-play.ts";

function open(): Netfilter {
  const loaded = loadFfi();
  if (!loaded.ok) throw new Error(loaded.reason);
  const netfilter = createNetfilter(loaded.ffi, "ftp_alg_that_is_not", marks);
  if ("errno" in netfilter) throw new Error(`errno ${netfilter.errno}`);
  return netfilter;
}

const netfilter = open();
afterAll(() => netfilter.stop());

const unknown = {
  source: { address: "192.0.2.1", port: 1 },
  destination: { address: "192.0.2.2", port: 2 },
};
/** As root, and as anybody else. */
const refusals: readonly number[] = [errnos.enoent, errnos.eperm];

test("an address of this machine is local", () => {
  expect([netfilter.route("127.0.0.1"), netfilter.route("::1")]).toEqual(["local", "local"]);
});

test("no pinhole can be opened in a table that there is not, and a probe says the same", () => {
  const elements = { peer: "192.0.2.1", local: unknown.destination, mark: 1, to: unknown.source, from: "192.0.2.2" };
  const errno = netfilter.open({ ...elements, timeoutMs: 1000 });
  expect(refusals).toContain(errno);
  expect(netfilter.probe()).toBe(errno);
});

test("a connection that there is not is not found, can't be marked, and is forgotten without a word", () => {
  expect(netfilter.find(unknown)).toBeUndefined();
  expect(refusals).toContain(netfilter.markAborted(unknown));
  netfilter.forget(unknown);
  netfilter.close([{ peer: "192.0.2.1", local: unknown.destination }]);
  expect(netfilter.route("127.0.0.1")).toBe("local");
});
