import { expect, test } from "vitest";
import { sendNotification } from "../../src/sockets/notify-socket.ts";
import { notifySocket } from "./notified.ts";

test.each([{ isAbstract: false }, { isAbstract: true }])(
  "a message arrives whole at a socket with %o",
  async (kind) => {
    const manager = notifySocket(kind);
    expect(sendNotification(manager.socket, "READY=1\nSTATUS=naïve")).toBeUndefined();
    expect(await manager.next()).toBe("READY=1\nSTATUS=naïve");
  },
);

test("why a message was not sent is told in the system's word, and no descriptor is left", () => {
  expect(sendNotification("/nonexistent/socket", "READY=1")).toBe("ENOENT");
  expect(sendNotification("@nobody-listens-here", "READY=1")).toBe("ECONNREFUSED");
  expect(sendNotification(`/${"x".repeat(200)}`, "READY=1")).toBe("ENAMETOOLONG");
});
