// A client's commands per second: who says more is read later, and nothing is lost.
import { expect, test } from "vitest";
import { setClient, setGateway, setServer } from "../stage.ts";
import { quiet, sleep } from "../../virtual-time.ts";

test("limit commandsPerSecond: what is too much waits unread and in order, in all sessions of the client, and no other client waits", async () => {
  const heard: string[] = [];
  const server = await setServer({ NOOP: (s, argument) => (heard.push(argument), s.say("200 ok")) });
  const gateway = await setGateway(server.port, { limits: { commandsPerSecond: { rate: 40, burst: 0 } } });
  const client = await setClient(gateway);
  await client.login();
  const second = await setClient(gateway);
  await second.login();
  const other = await setClient(gateway, "127.0.0.1", "127.0.0.2");
  await other.login();

  client.write(Array.from({ length: 200 }, (_, index) => `NOOP ${index}\r\n`).join(""));
  await quiet();
  const atOnce = heard.length;
  // A turn of 32 lines may be under way when the share is used up.
  expect(atOnce).toBeLessThanOrEqual(40 + 32);
  second.write("NOOP second\r\n");
  expect(await other.ask("NOOP other")).toMatch(/^200/);
  await quiet();
  expect(heard).not.toContain("second");
  await sleep(1001);
  expect(heard.length).toBeGreaterThan(atOnce);
  expect(heard.length).toBeLessThan(200);
  await sleep(10_000);
  expect(heard.filter((each) => /^\d/.test(each))).toEqual(Array.from({ length: 200 }, (_, index) => String(index)));
  expect(heard).toContain("second");
  expect(await client.ask("NOOP last")).toMatch(/^200/);
});
