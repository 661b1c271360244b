// What a service manager is told of a whole gateway process: systemd's Type=notify and watchdog.
import { existsSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { createServiceManager } from "../../src/process/sd-notify.ts";
import { spawnGateway, temporaryFile } from "../gateway/spawned-gateway.ts";
import { requireNone } from "../lab/availability.ts";
import { notifySocket } from "../sockets/notified.ts";

vi.setConfig({ testTimeout: 20_000 });

const gateway = { name: "one", listen: ["127.0.0.1:0"], route: { server: "127.0.0.1:9" }, dataPlane: "relay" };

test("a service manager is told when clients are taken, of a reload, whatever becomes of it, and of the end", async () => {
  const manager = notifySocket();
  const running = spawnGateway([gateway], { by: ["env", `NOTIFY_SOCKET=${manager.socket}`] });
  expect(await manager.next()).toBe("READY=1\nSTATUS=takes sessions");
  await running.logged("listening");
  running.signal("SIGHUP");
  expect(await manager.next()).toBe("RELOADING=1");
  expect(await manager.next()).toBe("READY=1\nSTATUS=takes sessions");
  running.signal("SIGTERM");
  expect(await manager.next()).toMatch(/^STOPPING=1\nSTATUS=draining/);
  expect(await running.ended).toBe(0);
});

test("a gateway that can't be started is never said to be ready", async () => {
  const manager = notifySocket();
  const unstartable = { ...gateway, listen: ["192.0.2.1:21"] };
  const running = spawnGateway([unstartable], { by: ["env", `NOTIFY_SOCKET=${manager.socket}`] });
  expect(await running.ended).toBe(1);
  const marker = createServiceManager({ socket: manager.socket, watchdogMs: undefined });
  marker.ready("the test itself");
  expect(await manager.next()).toBe("READY=1\nSTATUS=the test itself");
});

test("a watchdog hears of the process twice in its time, as long as the event loop turns", async () => {
  const manager = notifySocket({ isAbstract: true });
  spawnGateway([gateway], { by: ["env", `NOTIFY_SOCKET=${manager.socket}`, "WATCHDOG_USEC=200000"] });
  const messages = [];
  while (messages.filter((message) => message === "WATCHDOG=1").length < 3) messages.push(await manager.next());
  expect(messages).toContain("READY=1\nSTATUS=takes sessions");
});

const notifyProgram = "/usr/bin/systemd-notify";

test("without koffi systemd's own program sends it", async (context) => {
  requireNone(existsSync(notifyProgram) ? undefined : `there is no ${notifyProgram}`, context);
  const manager = notifySocket();
  const withoutKoffi = temporaryFile(
    "no-koffi.cjs",
    `const Module = require("node:module");
     const load = Module._load;
     Module._load = function (name, ...rest) {
       if (name === "koffi") throw new Error("Cannot find module 'koffi'");
       return load.call(this, name, ...rest);
     };`,
  );
  const by = ["env", `NOTIFY_SOCKET=${manager.socket}`];
  spawnGateway([gateway], { by, nodeOptions: ["--require", withoutKoffi] });
  expect(await manager.next()).toBe("READY=1\nSTATUS=takes sessions");
});
