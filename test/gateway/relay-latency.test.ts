// What the gateway itself adds to a line, as its metric has it.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { setClient, setGateway, setServer } from "./stage.ts";

test("the latency that the gateway adds is measured for each line, without the time that the server takes", async () => {
  const server = await setServer({
    async NOOP(session) {
      await sleep(300);
      session.say("200 At last");
    },
  });
  const gateway = await setGateway(server.port);
  const client = await setClient(gateway);
  await client.login();
  const lines = await gateway.sample('relay_latency_seconds_count{gateway="test"}');
  // The greeting, two commands, two replies.
  expect(lines).toBe(5);
  await client.ask("NOOP");
  expect(await gateway.sample('relay_latency_seconds_count{gateway="test"}')).toBe(lines + 2);
  const sum = await gateway.sample('relay_latency_seconds_sum{gateway="test"}');
  expect(sum).toBeGreaterThan(0);
  expect(sum).toBeLessThan(0.25);
});

test("a pipelined command that waits for the server's answer to another does not count that as the gateway's", async () => {
  const server = await setServer({
    async PASV(session) {
      await sleep(300);
      session.say("502 Not here");
    },
  });
  const gateway = await setGateway(server.port);
  const client = await setClient(gateway);
  await client.login();
  client.write("PASV\r\nNOOP\r\n");
  expect(await client.reply()).toMatch(/^(?:425|502) /);
  await client.reply();
  expect(await gateway.sample('relay_latency_seconds_sum{gateway="test"}')).toBeLessThan(0.25);
});
