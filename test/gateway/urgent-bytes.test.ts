// TCP urgent data on the control connection (D3.49). Node shows nothing of it; what the kernel leaves in the stream does.
import { expect, test } from "vitest";
import { handleOf } from "../../src/dataplane/reading-socket.ts";
import { loadSocketCalls } from "../../src/dataplane/socket-calls.ts";
import { setStage, until } from "./stage.ts";

test("no urgent byte is lost, in the middle of a command neither", async () => {
  const { client, server } = await setStage({ SITE: (s) => s.say("200 Site") });
  const loaded = loadSocketCalls();
  if (!loaded.ok) throw new Error(loaded.reason);
  // "SITE A", of which "A" is marked, then " B".
  expect(loaded.calls.sendUrgent(handleOf(client.socket)?.fd ?? -1, Buffer.from("SITE A"))).toBe(true);
  expect(await client.ask(" B")).toBe("200 Site");
  await until(() => server.sessions[0]?.lines.at(-1) === "SITE A B");
  expect(server.sessions[0]?.lines.at(-1)).toBe("SITE A B");
});

test("IAC IP IAC DM with urgent data, again and again in front of ABOR, leaves ABOR alone", async () => {
  const { client, server } = await setStage({ ABOR: (s) => s.say("225 Nothing to abort") });
  const loaded = loadSocketCalls();
  if (!loaded.ok) throw new Error(loaded.reason);
  const fd = handleOf(client.socket)?.fd ?? -1;
  for (let round = 0; round < 5; round += 1) {
    loaded.calls.sendUrgent(fd, Buffer.from("fff4ff", "hex"));
    client.write("\xf2ABOR\r\n");
    expect(await client.reply()).toBe("225 Nothing to abort");
  }
  expect(server.sessions[0]?.lines.slice(-5)).toEqual(["ABOR", "ABOR", "ABOR", "ABOR", "ABOR"]);
});
