import { expect, test } from "vitest";
import { managedBy } from "../../src/cli/managed-by.ts";

const socket = "/run/systemd/notify";

test.each([
  ["no socket is named", {}],
  ["the socket has no address that we know", { NOTIFY_SOCKET: "vsock:2:1234" }],
])("nobody wants to be told when %s", (_, env) => {
  expect(managedBy(env, 42)).toBeUndefined();
});

test.each([
  ["30 seconds", { WATCHDOG_USEC: "30000000", WATCHDOG_PID: "42" }, 30_000],
  ["whoever it is for", { WATCHDOG_USEC: "500000" }, 500],
  ["not for another process", { WATCHDOG_USEC: "500000", WATCHDOG_PID: "41" }, undefined],
  ["not if the time is none", { WATCHDOG_USEC: "soon" }, undefined],
  ["not if the time is zero", { WATCHDOG_USEC: "0" }, undefined],
])("the watchdog: %s", (_, env, watchdogMs) => {
  expect(managedBy({ NOTIFY_SOCKET: socket, ...env }, 42)).toEqual({ socket, watchdogMs });
});

test("a socket may be abstract", () => {
  expect(managedBy({ NOTIFY_SOCKET: "@/org/notify" }, 42)?.socket).toBe("@/org/notify");
});
